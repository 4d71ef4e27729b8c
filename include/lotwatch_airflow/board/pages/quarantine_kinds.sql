-- Of which entities are records in quarantine, and which rules do they break?
SELECT DISTINCT
    quarantine.entity,
    broken.rule
FROM lotwatch.quarantine AS quarantine
CROSS JOIN LATERAL unnest(quarantine.rules) AS broken (rule)
WHERE quarantine.state = 'open'
ORDER BY quarantine.entity, broken.rule

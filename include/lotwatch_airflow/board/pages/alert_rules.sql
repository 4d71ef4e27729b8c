-- Which rules have unresolved alerts?
SELECT DISTINCT rule_id FROM lotwatch.alert
WHERE state <> 'resolved'
ORDER BY rule_id

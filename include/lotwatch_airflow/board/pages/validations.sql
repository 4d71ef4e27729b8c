-- What did the gate look at in a batch?
SELECT
    validation.entity,
    validation.judged_at,
    validation.evaluated,
    validation.checks,
    validation.refereed,
    validation.page
FROM lotwatch.validation AS validation
WHERE validation.batch_id = %(batch)s
ORDER BY validation.entity

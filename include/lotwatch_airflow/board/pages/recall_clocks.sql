-- Which clocks has the case, and which were met?
SELECT
    duty_id,
    starts_at,
    due_at,
    met_at,
    met_by,
    evidence,
    withdrawn_at,
    met_at IS NULL AND withdrawn_at IS NULL AS runs,
    coalesce(met_at, %(as_of)s) > due_at AND withdrawn_at IS NULL AS late
FROM lotwatch.recall_clock
WHERE case_id = %(case_id)s
ORDER BY withdrawn_at NULLS FIRST, due_at, duty_id

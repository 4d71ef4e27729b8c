-- A duty was met; no row: no such clock runs.
UPDATE lotwatch.recall_clock
SET met_at = %(met_at)s, met_by = %(met_by)s, evidence = %(evidence)s
WHERE case_id = %(case_id)s AND duty_id = %(duty_id)s AND met_at IS NULL AND withdrawn_at IS NULL;

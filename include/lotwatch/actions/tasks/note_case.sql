-- The supplier's portal has the case, under a number of its own.
UPDATE lotwatch.task
SET details = details || jsonb_build_object('portal', %(portal)s::text, 'case_number', %(number)s::text)
WHERE task_id = %(task_id)s AND state = 'open';

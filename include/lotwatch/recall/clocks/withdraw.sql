-- Withdraw the clocks that run without a duty that binds us.
UPDATE lotwatch.recall_clock SET withdrawn_at = %(at)s
WHERE case_id = %(case_id)s AND met_at IS NULL AND withdrawn_at IS NULL AND duty_id <> ALL(%(kept)s::text[])
RETURNING duty_id;

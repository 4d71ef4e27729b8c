-- Of which open tasks has the deadline passed, without a reminder of late? From now on somebody was reminded.
UPDATE lotwatch.task SET reminded_at = %(as_of)s
WHERE
    state = 'open' AND deadline < %(as_of)s::timestamptz
    AND (reminded_at IS NULL OR reminded_at <= %(as_of)s::timestamptz - %(patience)s::interval)
RETURNING task_id;

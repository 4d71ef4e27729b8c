-- Who may release a hold, and was it released? Nobody else changes it until the transaction ends.
SELECT
    authority,
    released_at
FROM lotwatch.hold
WHERE hold_id = %(hold_id)s
FOR UPDATE;

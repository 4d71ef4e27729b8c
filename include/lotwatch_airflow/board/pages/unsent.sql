-- What has not left the house, or left it without a clear answer?
SELECT
    outbox_id,
    kind,
    idempotency_key,
    state,
    CASE state WHEN 'failed' THEN 3 WHEN 'unclear' THEN 2 ELSE 1 END AS urgency,
    attempts,
    last_error,
    created_at,
    not_before
FROM lotwatch.outbox
WHERE state IN ('waiting', 'unclear', 'failed')

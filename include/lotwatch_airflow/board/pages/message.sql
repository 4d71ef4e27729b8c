-- What does this message say?
SELECT
    outbox_id AS message_id,
    payload,
    created_at
FROM lotwatch.outbox
WHERE outbox_id = %(message)s AND kind = 'message';

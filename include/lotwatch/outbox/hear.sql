-- What have providers told of messages since they took them? Those that came back are for the caller to send by another way.
WITH told AS (
    SELECT
        row.outbox_id,
        bool_or(event.event IN ('bounce', 'dropped')) AS bounced,
        min(event.reason) FILTER (WHERE event.event IN ('bounce', 'dropped')) AS reason
    FROM lotwatch.message_event AS event
    INNER JOIN lotwatch.outbox AS row ON event.reference = row.idempotency_key
    WHERE
        event.event IN ('delivered', 'bounce', 'dropped')
        AND row.kind = 'message_delivery' AND row.state IN ('sent', 'delivered')
        -- of this sending, if a person had it sent again; provider's clocks tell whole seconds, and are not ours
        AND row.sent_at > %(since)s AND event.at > row.sent_at - interval '1 minute'
    GROUP BY row.outbox_id
)

UPDATE lotwatch.outbox AS row
SET state = CASE WHEN told.bounced THEN row.state ELSE 'delivered' END
FROM told
WHERE row.outbox_id = told.outbox_id AND (told.bounced OR row.state = 'sent')
RETURNING row.outbox_id, told.bounced, told.reason;

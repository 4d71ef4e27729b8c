-- Keep what became of messages, each event once, and say how many were new.
WITH kept AS (
    INSERT INTO lotwatch.message_event (channel, provider_event_id, reference, recipient, event, reason, at)
    SELECT
        %(channel)s,
        told.provider_event_id,
        told.reference,
        told.recipient,
        told.event,
        told.reason,
        told.at
    FROM
        unnest(
            %(provider_event_id)s::text[],
            %(reference)s::text[],
            %(recipient)s::text[],
            %(event)s::text[],
            %(reason)s::text[],
            %(at)s::timestamptz[]
        ) AS told (provider_event_id, reference, recipient, event, reason, at)
    ON CONFLICT (channel, provider_event_id) DO NOTHING
    RETURNING message_event_id
)

SELECT count(*) FROM kept;

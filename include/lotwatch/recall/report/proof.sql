-- How many audit events has the case, and what is their digest?
SELECT
    count(*) AS events,
    max(event.audit_event_id) AS last,
    encode(
        sha256(convert_to(coalesce(string_agg(
            concat_ws(
                '|', event.audit_event_id, extract(EPOCH FROM event.recorded_at), event.actor, event.action,
                event.object_kind, event.object_id, event.before, event.after, event.reason
            ),
            E'\n' ORDER BY event.audit_event_id
        ), ''), 'UTF8')),
        'hex'
    ) AS digest
FROM lotwatch.recall_event AS event
WHERE event.case_id = %(case_id)s;

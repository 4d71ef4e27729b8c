-- What was done about the case, by whom and when, as the audit trail has it?
SELECT
    audit_event_id,
    recorded_at,
    actor,
    action,
    after,
    reason
FROM lotwatch.recall_event
WHERE case_id = %(case_id)s
ORDER BY audit_event_id DESC
LIMIT %(most)s

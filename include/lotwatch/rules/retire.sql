-- The rule is no more: its alerts end.
UPDATE lotwatch.alert SET state = 'resolved', resolved_at = %(as_of)s
WHERE rule_id = ANY(%(rules)s::text[]) AND state <> 'resolved'
RETURNING
    alert_id,
    jsonb_build_object('rule_id', rule_id, 'subject_key', subject_key, 'retired', TRUE) AS after;

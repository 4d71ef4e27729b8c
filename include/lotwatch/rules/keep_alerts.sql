-- One alert for each problem: open the new, keep the known, resolve those whose condition has ended.
-- Only alerts of the rules that were evaluated may be resolved.
MERGE INTO lotwatch.alert AS known
USING (
    SELECT
        finding.*,
        CASE WHEN finding.in_quarantine THEN 'suppressed' ELSE 'open' END AS told_state
    FROM finding
    WHERE finding.rule_id = ANY(%(rules)s::text[]) AND NOT finding.shadow
) AS found
    ON known.rule_id = found.rule_id AND known.subject_key = found.subject_key
WHEN NOT MATCHED BY TARGET AND found.fires THEN
    INSERT (
        rule_id, subject_kind, subject_key, rule_version, variant, severity, state, subject, evidence, first_seen, last_seen,
        baseline
    )
    VALUES (
        found.rule_id, found.subject_kind, found.subject_key, found.rule_version, found.variant, found.severity,
        found.told_state, found.subject, found.evidence, %(as_of)s, %(as_of)s, found.rule_id = ANY(%(baseline)s::text[])
    )
WHEN MATCHED AND known.state = 'resolved' AND found.fires THEN
    UPDATE SET
        state = found.told_state, severity = found.severity, rule_version = found.rule_version, variant = found.variant,
        subject = found.subject, evidence = found.evidence, last_seen = %(as_of)s, resolved_at = NULL,
        notified_at = NULL, recurrences = known.recurrences + 1
WHEN MATCHED AND known.state <> 'resolved' THEN
    UPDATE SET
        state = CASE WHEN known.state IN ('open', 'suppressed') THEN found.told_state ELSE known.state END,
        severity = found.severity, rule_version = found.rule_version, variant = found.variant, subject = found.subject,
        evidence = found.evidence, last_seen = greatest(known.last_seen, %(as_of)s)
WHEN NOT MATCHED BY SOURCE AND known.rule_id = ANY(%(rules)s::text[]) AND known.state <> 'resolved' THEN
    UPDATE SET state = 'resolved', resolved_at = %(as_of)s
RETURNING
    CASE
        WHEN merge_action() = 'INSERT' THEN 'opened'
        WHEN new.state = 'resolved' THEN 'resolved'
        WHEN old.state = 'resolved' THEN 'reopened'
        ELSE 'continued'
    END,
    new.alert_id, new.rule_id, new.subject_key,
    -- of what goes on nobody is told: its evidence need not travel
    CASE WHEN merge_action() = 'INSERT' OR old.state = 'resolved' OR new.state = 'resolved' THEN new.evidence END;

-- One alert for each problem: open what is new, keep what goes on, resolve what has ended. `finding` is all that was
-- evaluated (`fires`: true: it is so; false: it is not, and has not ended; null: it has ended), so no other alert is
-- touched, and none that goes on as it was. What is in quarantine neither fires nor ends: its alert says that.
-- noqa: disable=PRS
WITH kept AS (
    MERGE INTO lotwatch.alert AS known
    USING (
        SELECT
            finding.*,
            CASE WHEN finding.in_quarantine THEN 'suppressed' ELSE 'open' END AS told_state,
            array_position(ARRAY['info', 'warning', 'critical'], finding.severity) AS level
        FROM finding
        WHERE finding.rule_id = ANY(%(rules)s::text[])
    ) AS found
        ON known.rule_id = found.rule_id AND known.subject_key = found.subject_key
    WHEN NOT MATCHED AND found.fires THEN
        INSERT (
            rule_id, subject_kind, subject_key, rule_version, variant, severity, worst_severity, state, subject, evidence,
            first_seen, last_seen, baseline
        )
        VALUES (
            found.rule_id, found.subject_kind, found.subject_key, found.rule_version, found.variant, found.severity,
            found.severity, found.told_state, found.subject, found.evidence, %(as_of)s, %(as_of)s,
            found.rule_id = ANY(%(baseline)s::text[])
        )
    WHEN MATCHED AND known.state = 'resolved' AND found.fires THEN
        UPDATE SET
            state = found.told_state, severity = found.severity, worst_severity = found.severity,
            rule_version = found.rule_version, variant = found.variant, subject = found.subject, evidence = found.evidence,
            last_seen = %(as_of)s, resolved_at = NULL, notified_at = NULL, baseline = FALSE,
            recurrences = known.recurrences + 1, acknowledged_at = NULL, acknowledged_by = NULL, snoozed_until = NULL,
            escalations = 0, escalated_at = NULL
    -- worse than ever since it opened: whoever knew of it did not know of this
    WHEN
        MATCHED AND known.state <> 'resolved' AND found.fires
        AND found.level > array_position(
            ARRAY['info', 'warning', 'critical'], coalesce(known.worst_severity, known.severity)
        )
        THEN
        UPDATE SET
            state = found.told_state, severity = found.severity, worst_severity = found.severity,
            rule_version = found.rule_version, variant = found.variant, subject = found.subject, evidence = found.evidence,
            last_seen = %(as_of)s, notified_at = NULL, baseline = FALSE, acknowledged_at = NULL,
            acknowledged_by = NULL, snoozed_until = NULL
    WHEN
        MATCHED AND known.state <> 'resolved' AND found.fires
        AND (
            known.evidence <> found.evidence OR known.severity <> found.severity
            OR known.rule_version <> found.rule_version OR known.variant <> found.variant OR known.subject <> found.subject
            OR (known.state IN ('open', 'suppressed') AND known.state <> found.told_state)
        )
        THEN
        UPDATE SET
            state = CASE WHEN known.state IN ('open', 'suppressed') THEN found.told_state ELSE known.state END,
            severity = found.severity, rule_version = found.rule_version, variant = found.variant,
            subject = found.subject,
            evidence = found.evidence, last_seen = %(as_of)s
    WHEN MATCHED AND known.state <> 'resolved' AND found.fires IS NULL AND NOT found.in_quarantine THEN
        UPDATE SET state = 'resolved', resolved_at = %(as_of)s
    WHEN
        MATCHED AND known.state IN ('open', 'suppressed') AND found.fires IS NOT TRUE
        AND known.state <> found.told_state
        THEN
        UPDATE SET state = found.told_state
    RETURNING
        CASE
            WHEN merge_action() = 'INSERT' THEN 'opened'
            WHEN new.state = 'resolved' THEN 'resolved'
            WHEN old.state = 'resolved' THEN 'reopened'
            WHEN new.state = 'suppressed' AND old.state <> 'suppressed' THEN 'suppressed'
            WHEN new.worst_severity <> coalesce(old.worst_severity, old.severity) THEN 'worsened'
            ELSE 'continued'
        END AS action,
        new.alert_id,
        new.rule_id,
        new.subject_key,
        new.severity,
        new.evidence
)

INSERT INTO acted (action, object_id, rule_id, severity, after)
SELECT
    'alert ' || kept.action,
    kept.alert_id::text,
    kept.rule_id,
    kept.severity,
    jsonb_build_object('rule_id', kept.rule_id, 'subject_key', kept.subject_key, 'evidence', kept.evidence)
FROM kept
WHERE kept.action <> 'continued';

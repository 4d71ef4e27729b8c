-- What a run did with alerts, and what a change of rules does: from a run to its alerts, and from an alert to the runs that changed it.

CREATE OR REPLACE VIEW lotwatch.alert_change WITH (security_barrier) AS
SELECT
    alert.alert_id,
    audited.audit_event_id,
    audited.recorded_at,
    run.as_of,
    audited.action,
    audited.after -> 'evidence' AS evidence,
    audited.dag_id,
    audited.run_id
FROM lotwatch.audit_event AS audited
INNER JOIN lotwatch.alert AS alert ON audited.object_id = alert.alert_id::text
LEFT JOIN lotwatch.run AS run ON audited.dag_id = run.dag_id AND audited.run_id = run.run_id
WHERE
    audited.object_kind = 'alert'
    AND audited.action IN ('alert opened', 'alert reopened', 'alert worsened', 'alert suppressed', 'alert resolved')
    -- one that a person takes back is called the same there, and has no values
    AND (audited.action <> 'alert reopened' OR audited.after ? 'evidence')
    AND (
        current_user <> 'lotwatch_board'
        OR (SELECT lotwatch.user_sees_all())
        OR alert.subject ->> 'site_id' = ANY((SELECT lotwatch.user_sites())::text[])
    );

-- Evaluations among all that tasks have logged, which are mostly something else.
CREATE INDEX run_log_evaluation ON lotwatch.run_log (run_log_id)
WHERE counts ? 'swept' OR counts ? 'backfilled_findings';

-- What a change of rules does to the findings, for the second person who puts it in force.
ALTER TABLE lotwatch.change_set ADD COLUMN effect jsonb;
COMMENT ON COLUMN lotwatch.change_set.effect IS
'of rules: for each that changes and each severity how many findings are new, gone and the same, when it was submitted; null: not tried';

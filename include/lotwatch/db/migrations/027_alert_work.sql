-- Working on alerts: what an event needs to be understood later, and ways to find an alert among a hundred thousand.

ALTER TABLE lotwatch.alert_event
ADD COLUMN as_of timestamptz NOT NULL DEFAULT now(),
ADD COLUMN until timestamptz,
ADD COLUMN owner text,
ADD COLUMN waited interval;
COMMENT ON COLUMN lotwatch.alert_event.as_of IS 'when it was done, by the clock of who did it';
COMMENT ON COLUMN lotwatch.alert_event.until IS 'of snoozed: until when; null: of no other kind';
COMMENT ON COLUMN lotwatch.alert_event.owner IS 'of assigned: to whom; null: to nobody, or not of this kind';
COMMENT ON COLUMN lotwatch.alert_event.waited IS
'of acknowledged: how long after somebody was told of it, or it was first seen; null: of no other kind';

-- The order in which alerts are read. What a sweep writes into every open alert (evidence, last_seen) is in no index.
CREATE INDEX alert_worst ON lotwatch.alert (
    (CASE severity WHEN 'critical' THEN 3 WHEN 'warning' THEN 2 ELSE 1 END) DESC NULLS LAST,
    first_seen DESC NULLS LAST,
    alert_id DESC NULLS LAST
) WHERE state <> 'resolved';
DROP INDEX lotwatch.alert_open; -- of the severity alone
-- What the clock asks for each minute: whom nobody was told of, whose sleep has ended, for whom somebody further up is due.
CREATE INDEX alert_untold ON lotwatch.alert (alert_id)
WHERE state = 'open' AND notified_at IS NULL AND NOT baseline;
CREATE INDEX alert_asleep ON lotwatch.alert (snoozed_until) WHERE state = 'snoozed';
CREATE INDEX alert_unanswered ON lotwatch.alert (rule_id, (coalesce(escalated_at, notified_at)))
WHERE state = 'open' AND notified_at IS NOT NULL AND escalations < 3;

CREATE INDEX proposal_line_alert ON lotwatch.proposal_line (alert_id) WHERE alert_id IS NOT NULL;
-- Messages about an alert: those whose payload lists it.
CREATE INDEX outbox_alerts ON lotwatch.outbox USING gin ((payload -> 'alerts') jsonb_path_ops) WHERE kind = 'message';

-- What the rules did with an alert, as the audit trail has it: that table is copied into, which row security forbids, so
-- this looks with its owner's eyes and shows what belongs to the alerts that its reader may see.
CREATE VIEW lotwatch.alert_change WITH (security_barrier) AS
SELECT
    alert.alert_id,
    audited.audit_event_id,
    audited.recorded_at,
    run.as_of,
    audited.action,
    audited.after -> 'evidence' AS evidence
FROM lotwatch.audit_event AS audited
INNER JOIN lotwatch.alert AS alert ON audited.object_id = alert.alert_id::text
LEFT JOIN lotwatch.run AS run ON audited.dag_id = run.dag_id AND audited.run_id = run.run_id
WHERE
    audited.object_kind = 'alert'
    AND audited.action IN ('alert opened', 'alert reopened', 'alert worsened', 'alert suppressed', 'alert resolved')
    AND (
        current_user <> 'lotwatch_board'
        OR (SELECT lotwatch.user_sees_all())
        OR alert.subject ->> 'site_id' = ANY((SELECT lotwatch.user_sites())::text[])
    );
COMMENT ON VIEW lotwatch.alert_change IS 'What the rules did with each alert: opened it, reopened it, found it worse, could not trust it or resolved it, and with what values';

-- An alert's life beside what the rules say: who has it, until when it sleeps, who was called, what was said about it.

ALTER TABLE lotwatch.alert
ADD COLUMN owner text,
ADD COLUMN acknowledged_at timestamptz,
ADD COLUMN acknowledged_by text,
ADD COLUMN snoozed_until timestamptz,
ADD COLUMN baseline boolean NOT NULL DEFAULT FALSE,
ADD COLUMN escalations integer NOT NULL DEFAULT 0,
ADD COLUMN escalated_at timestamptz;
COMMENT ON COLUMN lotwatch.alert.owner IS 'user name of who looks after it; null: nobody yet';
COMMENT ON COLUMN lotwatch.alert.snoozed_until IS 'told again from then on, if it is still so; null: it does not sleep';
COMMENT ON COLUMN lotwatch.alert.baseline IS 'true: it was so already when its rule went live; kept, and told to nobody';
COMMENT ON COLUMN lotwatch.alert.escalations IS 'how often somebody further up was called because nobody acknowledged it';

-- What people, and the clock, did with an alert. What the rules did (opened, resolved) is in the audit trail.
CREATE TABLE lotwatch.alert_event (
    alert_event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id bigint NOT NULL REFERENCES lotwatch.alert,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    kind text NOT NULL CHECK (kind IN (
        'acknowledged', 'snoozed', 'woken', 'reopened', 'assigned', 'commented', 'escalated', 'false_alarm', 'useful'
    )),
    actor text NOT NULL,
    note text CHECK (length(note) <= 2000)
);
COMMENT ON COLUMN lotwatch.alert_event.kind IS
'woken: a snooze ended; reopened: taken back by a person; false_alarm, useful: what somebody thought of it, kept to tune the rule';
CREATE INDEX alert_event_alert ON lotwatch.alert_event (alert_id, alert_event_id);
CREATE TRIGGER alert_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.alert_event
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.alert_event FROM lotwatch_app;
CALL lotwatch.show_on_board(
    'lotwatch.alert_event',
    '(SELECT lotwatch.user_sees_all()) OR alert_id IN (SELECT known.alert_id FROM lotwatch.alert AS known)'
);

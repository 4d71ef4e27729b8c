-- What became of a message after its provider had taken it, as the provider told us.
CREATE TABLE lotwatch.message_event (
    message_event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel text COLLATE "C" NOT NULL,
    provider_event_id text COLLATE "C" NOT NULL CHECK (length(provider_event_id) <= 300),
    reference text COLLATE "C" NOT NULL CHECK (length(reference) <= 400),
    recipient text COLLATE "C" NOT NULL CHECK (length(recipient) <= 254),
    event text NOT NULL CHECK (event IN ('processed', 'delivered', 'deferred', 'bounce', 'dropped', 'spam')),
    reason text CHECK (length(reason) <= 500),
    at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (channel, provider_event_id)
);
COMMENT ON TABLE lotwatch.message_event IS 'what became of a message after its provider had taken it';
COMMENT ON COLUMN lotwatch.message_event.channel IS 'name in include/config/channels.yaml';
COMMENT ON COLUMN lotwatch.message_event.provider_event_id IS 'the provider''s id of the event: told twice, it is kept once';
COMMENT ON COLUMN lotwatch.message_event.reference IS 'our reference of the message, which travelled along with it';
COMMENT ON COLUMN lotwatch.message_event.event IS
'processed: the provider has it and sends it; delivered: the recipient''s server or network has it; deferred: the provider tries '
'again; bounce: it was turned away; dropped: the provider did not send it (suppressed, failed); spam: the recipient called it that';
COMMENT ON COLUMN lotwatch.message_event.reason IS 'in the words of the other side; null: it gave none';
COMMENT ON COLUMN lotwatch.message_event.at IS 'by the provider''s clock, in UTC; of an SMS: when we were told';
CREATE INDEX message_event_reference ON lotwatch.message_event (reference, message_event_id);
CREATE TRIGGER message_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.message_event
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.message_event FROM lotwatch_app;
CALL lotwatch.show_on_board('lotwatch.message_event', '(SELECT lotwatch.user_sees_all())');

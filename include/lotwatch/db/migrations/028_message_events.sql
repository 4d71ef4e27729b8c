-- What providers tell later of messages they took: whoever sent them asks by their reference.
CREATE TABLE lotwatch.message_event (
    reference text COLLATE "C" NOT NULL,
    event text NOT NULL,
    reason text,
    at timestamptz NOT NULL
);
CREATE INDEX message_event_reference ON lotwatch.message_event (reference);

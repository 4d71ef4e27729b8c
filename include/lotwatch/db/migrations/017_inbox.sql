-- What other systems push: kept as received before they are told so, read into batches, judged at once and refereed hourly.

-- One row for each body that was received. Who sends the same event_id again is told that it is here.
CREATE TABLE lotwatch.inbox (
    inbox_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    key_id text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    media text NOT NULL CHECK (media IN ('json', 'xml', 'text')),
    events integer NOT NULL CHECK (events >= 0),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    body bytea NOT NULL CHECK (octet_length(body) <= 5 * 1024 * 1024),
    announced_at timestamptz,
    taken_at timestamptz,
    batch_id bigint REFERENCES lotwatch.batch,
    error text,
    UNIQUE (source, event_id)
);
COMMENT ON COLUMN lotwatch.inbox.event_id IS 'the sender''s own id of the message (header webhook-id)';
COMMENT ON COLUMN lotwatch.inbox.key_id IS 'which of the source''s keys had signed it';
COMMENT ON COLUMN lotwatch.inbox.media IS 'how the body is read; JSON and text are UTF-8';
COMMENT ON COLUMN lotwatch.inbox.events IS 'about how many events are in it: for limits and for the size of batches';
COMMENT ON COLUMN lotwatch.inbox.digest IS 'SHA-256 of the body';
COMMENT ON COLUMN lotwatch.inbox.body IS 'as received, in bytes; at most 5 MB';
COMMENT ON COLUMN lotwatch.inbox.announced_at IS 'when handle_events was last woken for it';
COMMENT ON COLUMN lotwatch.inbox.taken_at IS 'when it was read; null: it waits';
COMMENT ON COLUMN lotwatch.inbox.batch_id IS 'the batch its events are in; null while it waits, or when it could not be read';
COMMENT ON COLUMN lotwatch.inbox.error IS 'why it could not be read at all; it stays until somebody replays it';
CREATE INDEX inbox_waiting ON lotwatch.inbox (source, inbox_id) INCLUDE (events) WHERE taken_at IS NULL;
CREATE INDEX inbox_batch ON lotwatch.inbox (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX inbox_unreadable ON lotwatch.inbox (inbox_id) WHERE error IS NOT NULL;
CREATE INDEX inbox_taken ON lotwatch.inbox (taken_at) WHERE error IS NULL;

ALTER TABLE lotwatch.batch ADD COLUMN pushed boolean NOT NULL DEFAULT FALSE;
COMMENT ON COLUMN lotwatch.batch.pushed IS 'its events came through the inbox: judged at once by SQL alone, refereed hourly';

-- Rows of pushed batches as the gate judged them, until Great Expectations has judged them too.
CREATE TABLE lotwatch.judged_row (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    entity text NOT NULL,
    record_no bigint NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    record jsonb NOT NULL,
    rules text[] NOT NULL,
    suite text NOT NULL,
    judged_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (batch_id, entity, record_no)
);
COMMENT ON COLUMN lotwatch.judged_row.record IS 'the entity''s own columns, in our codes and base units';
COMMENT ON COLUMN lotwatch.judged_row.rules IS 'the rules that it was found to break';
COMMENT ON COLUMN lotwatch.judged_row.suite IS 'SHA-256 of the suite''s file at that time, in hexadecimal';

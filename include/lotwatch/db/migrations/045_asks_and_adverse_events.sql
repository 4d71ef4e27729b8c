-- What a notice asks for, as its own words were read; cases of which only a person, or who recalls, says that they advise; and
-- reports of adverse events.

CREATE TABLE lotwatch.recall_ask (
    version_id bigint NOT NULL REFERENCES lotwatch.notice_version,
    ask_no integer NOT NULL CHECK (ask_no > 0),
    kind text NOT NULL CHECK (kind IN ('remove', 'correct', 'inspect', 'advise', 'unclear')),
    field text COLLATE "C" NOT NULL,
    starts integer NOT NULL CHECK (starts >= 0),
    ends integer NOT NULL,
    said text NOT NULL,
    PRIMARY KEY (version_id, ask_no),
    CHECK (ends >= starts)
);
COMMENT ON TABLE lotwatch.recall_ask IS 'append-only: what a version asks for, and in which words';
COMMENT ON COLUMN lotwatch.recall_ask.kind IS 'the strictest of a version counts; unclear: it may ask for something that was not understood';
COMMENT ON COLUMN lotwatch.recall_ask.field IS 'column of notice_version that it stands in';
COMMENT ON COLUMN lotwatch.recall_ask.starts IS 'first character of it, counted from 0; ends: the one after its last';
COMMENT ON COLUMN lotwatch.recall_ask.said IS 'the notice''s own words, cut when they are very long';
REVOKE UPDATE, DELETE ON lotwatch.recall_ask FROM lotwatch_app;
CREATE TRIGGER recall_ask_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.recall_ask
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
CALL lotwatch.show_on_board('lotwatch.recall_ask', '(SELECT lotwatch.user_is_known())');

ALTER TABLE lotwatch.recall_case
ADD COLUMN only_advises boolean NOT NULL DEFAULT FALSE,
ADD COLUMN said_over text CHECK (said_over IN ('remove', 'correct', 'inspect', 'advise', 'other'));
COMMENT ON COLUMN lotwatch.recall_case.only_advises IS
'nothing is held: all who recall state it, or a person says so; words that were read never say it';
COMMENT ON COLUMN lotwatch.recall_case.said_over IS
'what its notices'' words were read as when a person said what it asks for: the same reading does not count again; null: none was, or nobody has said';
UPDATE lotwatch.recall_case SET
    only_advises = action_kind = 'advise',
    said_over = CASE WHEN said_action IS NOT NULL THEN 'other' END;

-- A company's name as it is compared: without case, signs and legal form.
CREATE FUNCTION lotwatch.maker_key(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN btrim(regexp_replace(
    regexp_replace(lower(normalize(name, NFKC)), '[^[:alnum:]]+', ' ', 'g'), -- noqa: CP02
    '\m(inc|incorporated|llc|lp|ltd|limited|plc|co|corp|corporation|company|gmbh|ag|sa|sas|srl|spa|bv|nv|kg|oy|ab|usa|group)\M\s*', '', 'g'
));

-- A report of an adverse event, and one device in it.
CREATE TABLE stage.adverse_event (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    report text COLLATE "C",
    number text COLLATE "C",
    event_type text,
    occurred_on date,
    received_on date,
    udi_di text COLLATE "C",
    catalogue_number text COLLATE "C",
    lot_number text COLLATE "C",
    brand text,
    maker text,
    narrative text,
    stated jsonb,
    PRIMARY KEY (batch_id, record_no)
);
COMMENT ON COLUMN stage.adverse_event.report IS 'the report''s identity where it was made: it may be about several devices';

CREATE TABLE lotwatch.adverse_event (
    source text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    report text COLLATE "C" NOT NULL,
    number text COLLATE "C",
    event_type text NOT NULL CHECK (event_type IN ('death', 'injury', 'malfunction', 'other')),
    occurred_on date,
    received_on date NOT NULL,
    udi_di text COLLATE "C",
    catalogue_number text COLLATE "C",
    lot_number text COLLATE "C",
    brand text,
    maker text,
    narrative text,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, source_key)
);
COMMENT ON TABLE lotwatch.adverse_event IS 'reports of adverse events, a row for each device in them; those that concern no lot of ours too';
COMMENT ON COLUMN lotwatch.adverse_event.report IS 'the report''s identity where it was made: it may be about several devices';
COMMENT ON COLUMN lotwatch.adverse_event.lot_number IS 'as the label has it; null: not known';
COMMENT ON COLUMN lotwatch.adverse_event.maker IS 'the legal manufacturer, in the report''s words';
CREATE INDEX adverse_event_device ON lotwatch.adverse_event (lotwatch.identifier_key(udi_di)) WHERE udi_di IS NOT NULL;
CREATE INDEX adverse_event_number ON lotwatch.adverse_event (lotwatch.number_key(catalogue_number))
WHERE catalogue_number IS NOT NULL;
CALL lotwatch.show_on_board('lotwatch.adverse_event', '(SELECT lotwatch.user_is_known())');

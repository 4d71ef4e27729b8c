-- Recalls: what was understood of each notice, what of ours it concerns, and the case that follows from it.

-- The form in which lot, serial, catalogue and model numbers are compared: without spaces, case and full width; leading zeros
-- count.
CREATE FUNCTION lotwatch.number_key(number text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN upper(regexp_replace(normalize(number, NFKC), '\s', '', 'g')); -- noqa: CP02
CREATE INDEX lot_number_key ON lotwatch.lot (lotwatch.number_key(number));
CREATE INDEX serial_unit_number_key ON lotwatch.serial_unit (lotwatch.number_key(number));
CREATE INDEX device_record_catalogue_key ON lotwatch.device_record (lotwatch.number_key(catalogue_number))
WHERE catalogue_number IS NOT NULL;
CREATE INDEX device_record_model_key ON lotwatch.device_record (lotwatch.number_key(model)) WHERE model IS NOT NULL;

CREATE TABLE lotwatch.recall_case (
    case_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('recall', 'drill')),
    origin text NOT NULL CHECK (origin IN ('notice', 'quality')),
    title text NOT NULL,
    issuer text NOT NULL,
    recall_class text CHECK (recall_class IN ('I', 'II', 'III')),
    action_kind text NOT NULL CHECK (action_kind IN ('remove', 'correct', 'inspect', 'advise', 'other')),
    our_role text NOT NULL CHECK (our_role IN ('maker', 'importer', 'distributor', 'user')),
    jurisdiction text NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
    opened_at timestamptz NOT NULL,
    opened_by text NOT NULL,
    held_at timestamptz,
    closed_at timestamptz,
    closed_by text,
    reopened integer NOT NULL DEFAULT 0,
    CHECK ((state = 'closed') = (closed_at IS NOT NULL AND closed_by IS NOT NULL)),
    CHECK (starts_with(code, CASE kind WHEN 'drill' THEN 'RD-' ELSE 'RC-' END))
);
COMMENT ON COLUMN lotwatch.recall_case.code IS 'RC-000001; of a drill, which touches no stock, RD-000001';
COMMENT ON COLUMN lotwatch.recall_case.origin IS 'a notice from outside, or a decision of our own quality';
COMMENT ON COLUMN lotwatch.recall_case.issuer IS 'who recalls, in the notice''s own words';
COMMENT ON COLUMN lotwatch.recall_case.recall_class IS 'I the most serious; not the class of the device, whose order is the opposite; null: not said';
COMMENT ON COLUMN lotwatch.recall_case.our_role IS 'what we are to the device: it decides which duties are ours';
COMMENT ON COLUMN lotwatch.recall_case.jurisdiction IS 'whose device law the notice is under: us, cn, eu or another';
COMMENT ON COLUMN lotwatch.recall_case.held_at IS 'when its first holds were in force; null: it holds nothing yet';
COMMENT ON COLUMN lotwatch.recall_case.reopened IS 'how many times it was opened again after it was closed';
CREATE INDEX recall_case_open ON lotwatch.recall_case (opened_at) WHERE state = 'open';
CREATE TRIGGER recall_case_kept BEFORE DELETE OR TRUNCATE ON lotwatch.recall_case
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE DELETE ON lotwatch.recall_case FROM lotwatch_app;

CREATE TABLE lotwatch.recall_case_notice (
    notice_id bigint PRIMARY KEY REFERENCES lotwatch.notice,
    case_id bigint NOT NULL REFERENCES lotwatch.recall_case
);
COMMENT ON TABLE lotwatch.recall_case_notice IS
'the case of a notice: those of one event, and the supplier''s letter about it, share one';
CREATE INDEX recall_case_notice_case ON lotwatch.recall_case_notice (case_id);

CREATE TABLE lotwatch.recall_reading (
    version_id bigint PRIMARY KEY REFERENCES lotwatch.notice_version,
    grammar integer NOT NULL,
    read_at timestamptz NOT NULL,
    matched_at timestamptz
);
COMMENT ON TABLE lotwatch.recall_reading IS 'versions that were read, those that say nothing about ours too';
COMMENT ON COLUMN lotwatch.recall_reading.grammar IS 'the edition of the grammar that read it';
COMMENT ON COLUMN lotwatch.recall_reading.matched_at IS 'when it was last compared with what is ours; null: not yet';
REVOKE UPDATE, DELETE ON lotwatch.recall_reading FROM lotwatch_app;
GRANT UPDATE (matched_at) ON lotwatch.recall_reading TO lotwatch_app;
CREATE INDEX recall_reading_waits ON lotwatch.recall_reading (version_id) WHERE matched_at IS NULL;

CREATE TABLE lotwatch.recall_clause (
    version_id bigint NOT NULL REFERENCES lotwatch.notice_version,
    clause_no integer NOT NULL CHECK (clause_no > 0),
    field text COLLATE "C" NOT NULL,
    starts integer NOT NULL CHECK (starts >= 0),
    ends integer NOT NULL,
    text text NOT NULL,
    reading jsonb NOT NULL,
    PRIMARY KEY (version_id, clause_no),
    CHECK (ends >= starts)
);
COMMENT ON TABLE lotwatch.recall_clause IS 'append-only: what was understood of a version, and where it stands';
COMMENT ON COLUMN lotwatch.recall_clause.field IS 'column of notice_version that it stands in';
COMMENT ON COLUMN lotwatch.recall_clause.starts IS 'first character of it, counted from 0; ends: the one after its last';
COMMENT ON COLUMN lotwatch.recall_clause.text IS 'the notice''s own words, cut when they are very long';

CREATE TABLE lotwatch.recall_match (
    match_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id bigint NOT NULL REFERENCES lotwatch.recall_case,
    version_id bigint REFERENCES lotwatch.notice_version,
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    lot_id bigint NOT NULL DEFAULT 0,
    serial_id bigint NOT NULL DEFAULT 0,
    verdict text NOT NULL CHECK (verdict IN ('affected', 'not_affected', 'needs_review')),
    clause_no integer,
    reason text COLLATE "C" NOT NULL,
    said text NOT NULL DEFAULT '',
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL
);
COMMENT ON TABLE lotwatch.recall_match IS 'append-only: in force is the last of a case, item, lot and serial';
COMMENT ON COLUMN lotwatch.recall_match.version_id IS 'the version that decided; null: a person did, without one';
COMMENT ON COLUMN lotwatch.recall_match.lot_id IS '0: the item''s stock without a lot; serial_id 0: no single unit';
COMMENT ON COLUMN lotwatch.recall_match.clause_no IS 'the clause that decided; null: none';
COMMENT ON COLUMN lotwatch.recall_match.reason IS 'a key, worded in both languages; or a person''s own words';
COMMENT ON COLUMN lotwatch.recall_match.said IS 'the notice''s own words that decided';
CREATE INDEX recall_match_last ON lotwatch.recall_match (case_id, item_id, lot_id, serial_id, match_id DESC);
CREATE INDEX recall_match_lot ON lotwatch.recall_match (item_id, lot_id);

DO $$
DECLARE
    written_once text;
BEGIN
    FOREACH written_once IN ARRAY ARRAY['recall_clause', 'recall_match'] LOOP
        EXECUTE format('REVOKE UPDATE, DELETE ON lotwatch.%I FROM lotwatch_app', written_once);
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.%I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change()', written_once || '_append_only', written_once);
    END LOOP;
END
$$;

-- The verdict in force on each lot or unit of a case.
CREATE VIEW lotwatch.recall_match_current WITH (security_invoker = TRUE) AS
SELECT DISTINCT ON (case_id, item_id, lot_id, serial_id) *
FROM lotwatch.recall_match
ORDER BY case_id, item_id, lot_id, serial_id, match_id DESC;

-- A recall concerns everybody; where the stock is, who sees its place.
CALL lotwatch.show_on_board('lotwatch.recall_case', '(SELECT lotwatch.user_is_known())');
CALL lotwatch.show_on_board('lotwatch.recall_case_notice', '(SELECT lotwatch.user_is_known())');
CALL lotwatch.show_on_board('lotwatch.recall_reading', '(SELECT lotwatch.user_is_known())');
CALL lotwatch.show_on_board('lotwatch.recall_clause', '(SELECT lotwatch.user_is_known())');
CALL lotwatch.show_on_board('lotwatch.recall_match', '(SELECT lotwatch.user_is_known())');
GRANT SELECT ON lotwatch.recall_match_current TO lotwatch_board;

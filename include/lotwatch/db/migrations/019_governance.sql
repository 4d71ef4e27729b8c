-- Governance: what checks across systems find and how that develops, suggested matches of codes nobody knows, and what the
-- device records of regulators and makers filled into items.

CREATE INDEX stated_stock_place ON lotwatch.stated_stock (source, location_id);

-- Are these the packages of a device record?
CREATE FUNCTION lotwatch.are_packages(packages jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN jsonb_typeof(are_packages.packages) <> 'array' THEN false
    ELSE NOT EXISTS (
        SELECT FROM jsonb_array_elements(are_packages.packages) AS e (package) -- noqa: RF01
        WHERE
            coalesce(jsonb_typeof(e.package -> 'udi_di'), '') <> 'string'
            OR coalesce(jsonb_typeof(e.package -> 'contains'), '') <> 'string'
            OR coalesce(jsonb_typeof(e.package -> 'quantity'), '') <> 'number'
            OR (e.package ->> 'quantity')::numeric NOT BETWEEN 1 AND 1000000
            OR (e.package ->> 'quantity')::numeric <> trunc((e.package ->> 'quantity')::numeric)
            OR coalesce(e.package ->> 'level', 'other') NOT IN ('inner', 'case', 'pallet', 'other')
    )
END;

-- What an item got from a device record because its own system did not say it, and what the label flags of its next
-- reading are completed with.
CREATE TABLE lotwatch.item_fill (
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    field text NOT NULL CHECK (field IN (
        'device_class', 'legal_manufacturer', 'registration_number', 'label_lot', 'label_serial', 'label_expiry', 'identifier'
    )),
    value text NOT NULL,
    source text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    filled_at timestamptz NOT NULL,
    PRIMARY KEY (item_id, field, value)
);
COMMENT ON TABLE lotwatch.item_fill IS
'what device records filled into items; a row leaves when the item''s own system says the same field';
COMMENT ON COLUMN lotwatch.item_fill.field IS 'a column of item, or identifier: a row of item_identifier';
COMMENT ON COLUMN lotwatch.item_fill.source IS 'the source of the device record, whose key is source_key';
CREATE UNIQUE INDEX item_fill_once ON lotwatch.item_fill (item_id, field) WHERE field <> 'identifier';

-- The dates that each system states for a lot: `lot` has the last ones told, whoever told them.
CREATE TABLE lotwatch.lot_statement (
    source text COLLATE "C" NOT NULL,
    lot_id bigint NOT NULL REFERENCES lotwatch.lot,
    manufactured_on date,
    usable_through date,
    stated_at timestamptz NOT NULL,
    PRIMARY KEY (lot_id, source)
);
COMMENT ON COLUMN lotwatch.lot_statement.usable_through IS 'the last day of use, inclusive; a serial unit''s own dates are not a lot''s';
COMMENT ON COLUMN lotwatch.lot_statement.stated_at IS 'the moment of the run that read it';

-- What one run of one check found: the rows of a check are its trend.
CREATE TABLE lotwatch.check_result (
    result_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    check_id text COLLATE "C" NOT NULL,
    as_of timestamptz NOT NULL,
    dag_id text NOT NULL,
    run_id text NOT NULL,
    backfilled boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('done', 'broken')),
    examined bigint,
    found bigint,
    fresh bigint,
    quantity numeric,
    value numeric(18, 2),
    milliseconds bigint NOT NULL,
    error text,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((state = 'broken') = (error IS NOT null))
);
COMMENT ON COLUMN lotwatch.check_result.state IS 'broken: the check itself could not be run, so nothing is known';
COMMENT ON COLUMN lotwatch.check_result.examined IS 'subjects looked at';
COMMENT ON COLUMN lotwatch.check_result.found IS 'of these, with a difference: known ones and those accepted included';
COMMENT ON COLUMN lotwatch.check_result.fresh IS 'of these, not found by the run before';
COMMENT ON COLUMN lotwatch.check_result.quantity IS 'sum of the absolute differences, in base units; null: the check has no quantity';
COMMENT ON COLUMN lotwatch.check_result.value IS 'the same at unit cost';
CREATE INDEX check_result_trend ON lotwatch.check_result (check_id, as_of);
CREATE TRIGGER check_result_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.check_result
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.check_result FROM lotwatch_app;

-- One row for each problem, however often it is found: its identity is the check and the subject.
CREATE TABLE lotwatch.check_finding (
    finding_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    check_id text COLLATE "C" NOT NULL,
    subject_key text COLLATE "C" NOT NULL,
    severity text NOT NULL CHECK (severity IN ('critical', 'warning', 'info')),
    item_id bigint REFERENCES lotwatch.item,
    site_id bigint REFERENCES lotwatch.location,
    quantity numeric,
    value numeric(18, 2),
    evidence jsonb NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    resolved_at timestamptz,
    recurrences integer NOT NULL DEFAULT 0,
    told_at timestamptz,
    accepted_by text,
    accepted_at timestamptz,
    accepted_through date,
    accepted_quantity numeric,
    accept_reason text,
    UNIQUE (check_id, subject_key),
    CHECK (num_nonnulls(accepted_by, accepted_at, accepted_through, accept_reason) IN (0, 4))
);
COMMENT ON COLUMN lotwatch.check_finding.site_id IS 'the site it concerns; null: none, or several';
COMMENT ON COLUMN lotwatch.check_finding.quantity IS 'the difference, in base units; null: it has none';
COMMENT ON COLUMN lotwatch.check_finding.accepted_through IS 'the last day (UTC) on which it passes as known';
COMMENT ON COLUMN lotwatch.check_finding.accepted_quantity IS
'the difference when it was accepted: with a larger one, or one of the other sign, the acceptance ends';
COMMENT ON COLUMN lotwatch.check_finding.recurrences IS 'how often it was found again after it had been resolved';
CREATE INDEX check_finding_open ON lotwatch.check_finding (check_id, site_id) WHERE resolved_at IS null;

-- What a code that nobody knows may be. A person confirms or rejects; a rejected pair is not suggested again.
CREATE TABLE lotwatch.match_suggestion (
    suggestion_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    system text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('item', 'identifier')),
    their_code text COLLATE "C" NOT NULL,
    our_code text COLLATE "C" NOT NULL,
    score integer NOT NULL CHECK (score BETWEEN 0 AND 100),
    reason jsonb NOT NULL,
    theirs jsonb NOT NULL,
    package_level text NOT NULL DEFAULT 'unit' CHECK (package_level IN ('unit', 'inner', 'case', 'pallet', 'other')),
    units_contained bigint CHECK (units_contained > 0),
    waiting integer NOT NULL,
    state text NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'confirmed', 'rejected', 'obsolete')),
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    note text,
    UNIQUE (system, kind, their_code, our_code),
    CHECK ((state IN ('confirmed', 'rejected')) = (decided_by IS NOT null AND decided_at IS NOT null))
);
COMMENT ON COLUMN lotwatch.match_suggestion.kind IS
'item: a code of theirs (confirmed, a cross reference); identifier: a device identifier (confirmed, one of the item)';
COMMENT ON COLUMN lotwatch.match_suggestion.our_code IS 'code of the item that it may be';
COMMENT ON COLUMN lotwatch.match_suggestion.score IS '0 to 100: identifiers that agree from 90, likeness of words below';
COMMENT ON COLUMN lotwatch.match_suggestion.reason IS 'in words: {"en": ..., "zh": ...}';
COMMENT ON COLUMN lotwatch.match_suggestion.theirs IS 'how they describe it: name, brand, model, catalogue_number, maker, registration_number';
COMMENT ON COLUMN lotwatch.match_suggestion.units_contained IS 'for an identifier: base units in one package that bears it; null: not known';
COMMENT ON COLUMN lotwatch.match_suggestion.waiting IS 'records in quarantine that wait for it';
COMMENT ON COLUMN lotwatch.match_suggestion.state IS 'obsolete: the code became known otherwise, or nobody uses it any more';
CREATE INDEX match_suggestion_proposed ON lotwatch.match_suggestion (score) WHERE state = 'proposed';

DO $$
DECLARE
    sees_all constant text := '(SELECT lotwatch.user_sees_all())';
    is_known constant text := '(SELECT lotwatch.user_is_known())';
    sites constant text := '(SELECT lotwatch.user_sites())';
BEGIN
    -- totals over all sites, and codes that belong to no site yet
    CALL lotwatch.show_on_board('lotwatch.check_result', sees_all);
    CALL lotwatch.show_on_board('lotwatch.match_suggestion', sees_all);
    CALL lotwatch.show_on_board('lotwatch.check_finding', format('%s OR site_id = ANY (%s::bigint[])', sees_all, sites));
    -- master data is everybody's
    CALL lotwatch.show_on_board('lotwatch.item_fill', is_known);
    CALL lotwatch.show_on_board('lotwatch.device_record', is_known);
END
$$;

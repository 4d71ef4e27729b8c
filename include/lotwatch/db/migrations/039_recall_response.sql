-- What is done about a recall: its clocks, the units that were located, tasks and what was found, who answered, documents.

CREATE TABLE lotwatch.recall_clock (
    case_id bigint NOT NULL REFERENCES lotwatch.recall_case,
    duty_id text COLLATE "C" NOT NULL,
    starts_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL CHECK (due_at >= starts_at),
    met_at timestamptz,
    met_by text,
    evidence text,
    withdrawn_at timestamptz,
    PRIMARY KEY (case_id, duty_id),
    CHECK (num_nulls(met_at, met_by, evidence) IN (0, 3))
);
COMMENT ON COLUMN lotwatch.recall_clock.duty_id IS 'the duty of include/config/duties.yaml that it measures';
COMMENT ON COLUMN lotwatch.recall_clock.met_at IS 'when the duty was met; null: not yet';
COMMENT ON COLUMN lotwatch.recall_clock.evidence IS 'what shows that it was met; null: not yet';
COMMENT ON COLUMN lotwatch.recall_clock.withdrawn_at IS 'since when the duty binds us no longer: class or action changed; null: it does';

-- Where every affected unit is, or went: made anew whenever the case is looked at, from tables whose keys are sound. Of a
-- recall at 200 sites these are 100,000 rows: they are not looked up one by one again.
CREATE TABLE lotwatch.recall_unit (
    case_id bigint NOT NULL REFERENCES lotwatch.recall_case,
    whereabouts text NOT NULL CHECK (whereabouts IN ('stock', 'in_transit', 'used', 'possible')),
    item_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    serial_id bigint NOT NULL,
    location_id bigint NOT NULL,
    place_id bigint NOT NULL,
    site_id bigint,
    owner text,
    quantity bigint NOT NULL,
    allocated bigint NOT NULL DEFAULT 0,
    movement_id bigint,
    occurred_at timestamptz,
    document text,
    has_case_reference boolean NOT NULL DEFAULT FALSE
);
COMMENT ON COLUMN lotwatch.recall_unit.whereabouts IS
'stock; in_transit: on the way to location_id; used: left location_id for a patient or customer; '
'possible: left it so without a lot or serial number while an affected one was there';
COMMENT ON COLUMN lotwatch.recall_unit.place_id IS 'who answers for it: the department, else the site, else the place itself';
COMMENT ON COLUMN lotwatch.recall_unit.site_id IS 'null: between sites, where nobody knows for which';
COMMENT ON COLUMN lotwatch.recall_unit.owner IS 'own, consigned or loaned; null: it is not here';
COMMENT ON COLUMN lotwatch.recall_unit.allocated IS 'of quantity: set aside for somebody';
COMMENT ON COLUMN lotwatch.recall_unit.movement_id IS 'of what was used: the movement; null: it is here or on the way';
COMMENT ON COLUMN lotwatch.recall_unit.has_case_reference IS 'the movement names a case, sealed; who may open it is written down';
CREATE INDEX recall_unit_case ON lotwatch.recall_unit (case_id, place_id);

CREATE TABLE lotwatch.recall_task (
    task_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id bigint NOT NULL REFERENCES lotwatch.recall_case,
    kind text NOT NULL CHECK (
        kind IN ('count', 'remove', 'replace', 'correct', 'inspect', 'advise', 'follow_up', 'effectiveness')
    ),
    place_id bigint NOT NULL REFERENCES lotwatch.location,
    site_id bigint REFERENCES lotwatch.location,
    due_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'cancelled')),
    made_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    done_at timestamptz,
    done_by text,
    note text,
    UNIQUE (case_id, kind, place_id),
    CHECK ((state = 'done') = (done_at IS NOT NULL AND done_by IS NOT NULL)),
    CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
);
COMMENT ON COLUMN lotwatch.recall_task.place_id IS 'the department or site that does it';
COMMENT ON COLUMN lotwatch.recall_task.acknowledged_at IS 'when somebody there said that they have it; null: not yet';
CREATE INDEX recall_task_site ON lotwatch.recall_task (site_id) WHERE state = 'open';

CREATE TABLE lotwatch.recall_task_line (
    task_id bigint NOT NULL REFERENCES lotwatch.recall_task,
    item_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    serial_id bigint NOT NULL,
    location_id bigint NOT NULL,
    expected bigint NOT NULL CHECK (expected >= 0),
    PRIMARY KEY (task_id, item_id, lot_id, serial_id, location_id)
);
COMMENT ON COLUMN lotwatch.recall_task_line.expected IS 'by the books; it follows them until somebody begins to count';

CREATE TABLE lotwatch.recall_find (
    find_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id bigint NOT NULL REFERENCES lotwatch.recall_task,
    request_id uuid NOT NULL UNIQUE,
    outcome text NOT NULL CHECK (outcome IN ('found', 'handled', 'explained')),
    standing text NOT NULL CHECK (standing IN ('listed', 'elsewhere', 'unknown')),
    item_id bigint REFERENCES lotwatch.item,
    lot_id bigint NOT NULL DEFAULT 0,
    serial_id bigint NOT NULL DEFAULT 0,
    said text NOT NULL,
    quantity bigint NOT NULL CHECK (quantity <> 0 AND (quantity > 0 OR outcome = 'explained')),
    note text,
    found_at timestamptz NOT NULL,
    found_by text NOT NULL,
    CHECK (outcome <> 'explained' OR note IS NOT NULL),
    CHECK (standing = 'unknown' OR item_id IS NOT NULL)
);
COMMENT ON TABLE lotwatch.recall_find IS 'append-only: what people scanned, counted, did and explained';
COMMENT ON COLUMN lotwatch.recall_find.request_id IS 'of the form that was sent: sent twice, it counts once';
COMMENT ON COLUMN lotwatch.recall_find.outcome IS
'found: it is there; handled: it was removed, corrected or inspected; explained: it is not there (below 0: more is), and why';
COMMENT ON COLUMN lotwatch.recall_find.standing IS
'listed: the task expects it; elsewhere: affected, but not where the books have it; unknown: no lot or serial number of ours';
COMMENT ON COLUMN lotwatch.recall_find.said IS 'the text that was scanned or typed';
CREATE INDEX recall_find_task ON lotwatch.recall_find (task_id);

CREATE TABLE lotwatch.recall_response (
    case_id bigint NOT NULL REFERENCES lotwatch.recall_case,
    party text NOT NULL CHECK (party IN ('site', 'supplier')),
    party_id bigint NOT NULL,
    told integer NOT NULL DEFAULT 0,
    told_at timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    note text,
    PRIMARY KEY (case_id, party, party_id),
    CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL))
);
COMMENT ON TABLE lotwatch.recall_response IS 'whom a case must reach, and who said that it did: until then they are told again';
COMMENT ON COLUMN lotwatch.recall_response.party_id IS 'number of the site (of goods between sites: the place) or of the supplier';
COMMENT ON COLUMN lotwatch.recall_response.told IS 'how many times they were told';

CREATE TABLE lotwatch.recall_document (
    document_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id bigint NOT NULL REFERENCES lotwatch.recall_case,
    number integer NOT NULL CHECK (number > 0),
    kind text NOT NULL CHECK (kind IN ('return', 'destruction', 'correction')),
    recipient text NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    UNIQUE (case_id, number)
);
COMMENT ON TABLE lotwatch.recall_document IS 'append-only: with which paper found units were sent back, destroyed or corrected';
COMMENT ON COLUMN lotwatch.recall_document.number IS 'counts within the case, from 1';

CREATE TABLE lotwatch.recall_document_line (
    document_id bigint NOT NULL REFERENCES lotwatch.recall_document,
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    lot_id bigint NOT NULL,
    serial_id bigint NOT NULL,
    place_id bigint NOT NULL REFERENCES lotwatch.location,
    quantity bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (document_id, item_id, lot_id, serial_id, place_id)
);
COMMENT ON COLUMN lotwatch.recall_document_line.place_id IS 'where it was found';

DO $$
DECLARE
    written_once text;
BEGIN
    FOREACH written_once IN ARRAY ARRAY['recall_find', 'recall_document', 'recall_document_line'] LOOP
        EXECUTE format('REVOKE UPDATE, DELETE ON lotwatch.%I FROM lotwatch_app', written_once);
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.%I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change()', written_once || '_append_only', written_once);
    END LOOP;
END
$$;

-- The department or site that a place is in; of one in neither, the place itself.
CREATE FUNCTION lotwatch.answering_place(asked_id bigint) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
    WITH RECURSIVE above AS (
        SELECT
            place.location_id,
            place.kind,
            place.parent_id,
            0 AS steps
        FROM lotwatch.location AS place
        WHERE place.location_id = asked_id -- noqa: RF03
        UNION ALL
        SELECT
            outer_place.location_id,
            outer_place.kind,
            outer_place.parent_id,
            above.steps + 1
        FROM above
        INNER JOIN lotwatch.location AS outer_place ON above.parent_id = outer_place.location_id
        WHERE above.kind NOT IN ('department', 'site')
    )

    SELECT above.location_id
    FROM above
    ORDER BY above.kind IN ('department', 'site') DESC, above.steps ASC
    LIMIT 1
);

CREATE SEQUENCE lotwatch.recall_drill_number;
GRANT USAGE ON SEQUENCE lotwatch.recall_drill_number TO lotwatch_app;
CREATE INDEX hold_reference ON lotwatch.hold (reference);

-- What was done about each case, from the audit trail: the case itself, its tasks and documents, and its holds.
-- It may name any site: the board shows it to who sees all.
CREATE VIEW lotwatch.recall_event WITH (security_barrier) AS
SELECT
    recalled.case_id,
    audited.*
FROM lotwatch.recall_case AS recalled
INNER JOIN lotwatch.audit_event AS audited ON audited.object_kind = 'recall_case' AND recalled.code = audited.object_id
WHERE current_user <> 'lotwatch_board' OR (SELECT lotwatch.user_sees_all())
UNION ALL
SELECT
    recalled.case_id,
    audited.*
FROM lotwatch.recall_case AS recalled
INNER JOIN lotwatch.hold AS hold ON recalled.code = hold.reference AND hold.cause IN ('recall', 'precaution')
INNER JOIN lotwatch.audit_event AS audited ON audited.object_kind = 'hold' AND hold.hold_id::text = audited.object_id
WHERE current_user <> 'lotwatch_board' OR (SELECT lotwatch.user_sees_all());
COMMENT ON VIEW lotwatch.recall_event IS 'the timeline of each recall case, as the audit trail has it';

DO $$
DECLARE
    is_known constant text := '(SELECT lotwatch.user_is_known())';
    of_site constant text := '(SELECT lotwatch.user_sees_all()) OR site_id = ANY ((SELECT lotwatch.user_sites())::bigint[])';
    of_task constant text := 'task_id IN (SELECT whole.task_id FROM lotwatch.recall_task AS whole)';
BEGIN
    CALL lotwatch.show_on_board('lotwatch.recall_clock', is_known);
    CALL lotwatch.show_on_board('lotwatch.recall_unit', of_site);
    CALL lotwatch.show_on_board('lotwatch.recall_task', of_site);
    CALL lotwatch.show_on_board('lotwatch.recall_task_line', of_task);
    CALL lotwatch.show_on_board('lotwatch.recall_find', of_task);
    CALL lotwatch.show_on_board('lotwatch.recall_response', is_known);
    CALL lotwatch.show_on_board('lotwatch.recall_document', is_known);
    CALL lotwatch.show_on_board(
        'lotwatch.recall_document_line',
        '(SELECT lotwatch.user_sees_all()) OR place_id IN (SELECT place.location_id FROM lotwatch.location AS place)'
    );
END
$$;

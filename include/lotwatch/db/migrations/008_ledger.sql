-- The ledger as it is meant to last: movements partitioned by the month in which we learned of them, each source event
-- once for ever, corrections by reversal, counts that anchor the books, holds by case, snapshots for the past.

-- The fact views read what is rebuilt here; they are made anew after every migration.
DROP VIEW IF EXISTS lotwatch.stock, lotwatch.hold_in_force, lotwatch.order_line_open CASCADE;

-- Partitions live apart: whoever may write movements may do so through the parent alone, where nothing is ever changed.
CREATE SCHEMA lotwatch_partition;

-- Places whose contents are stock. Elsewhere goods come from, go to and get lost; nothing is counted there.
ALTER TABLE lotwatch.location
ADD COLUMN holds_stock boolean NOT NULL GENERATED ALWAYS AS (kind IN ('site', 'department', 'bin', 'in_transit')) STORED;

-- Where the difference between a count and the books comes from, or goes to.
INSERT INTO lotwatch.location (code, name, kind)
VALUES ('LOTWATCH/COUNT', 'Difference found by counting', 'adjustment')
ON CONFLICT (code) DO NOTHING;

ALTER TABLE stage.movement
ALTER COLUMN quantity TYPE numeric,
ADD COLUMN unit text,
ADD COLUMN udi_di text COLLATE "C",
ADD COLUMN from_owner text,
ADD COLUMN to_owner text,
ADD COLUMN from_status text,
ADD COLUMN to_status text,
ADD COLUMN kind text,
ADD COLUMN reason text,
ADD COLUMN reverses_key text COLLATE "C",
ADD COLUMN transformation_key text COLLATE "C",
ADD COLUMN case_reference text;
COMMENT ON COLUMN stage.movement.quantity IS 'in `unit`; in base units once the codes are resolved';
COMMENT ON COLUMN stage.movement.from_owner IS 'null: as the place it leaves says; so for the other owner and the statuses';
COMMENT ON COLUMN stage.movement.reverses_key IS 'source_key of the event that this one takes back; its own item, places and quantity are then those';
COMMENT ON COLUMN stage.movement.transformation_key IS 'what went into and came out of one repacking or relabelling shares it';
COMMENT ON COLUMN stage.movement.case_reference IS 'whom it was used on, encrypted by the sender; never read here';

-- The identity of a source event, for ever, and the movement it became.
DROP TRIGGER movement_append_only ON lotwatch.movement;
ALTER TABLE lotwatch.movement RENAME TO movement_before;
ALTER INDEX lotwatch.movement_pkey RENAME TO movement_before_pkey;
DROP INDEX lotwatch.movement_lot, lotwatch.movement_item_from, lotwatch.movement_item_to, lotwatch.movement_order_line;
ALTER TABLE lotwatch.movement_source RENAME TO movement_source_before;
ALTER INDEX lotwatch.movement_source_pkey RENAME TO movement_source_before_pkey;
CREATE SEQUENCE lotwatch.movement_id;

CREATE TABLE lotwatch.movement_source (
    source text COLLATE "C" NOT NULL,
    source_event_id text COLLATE "C" NOT NULL,
    movement_id bigint NOT NULL DEFAULT nextval('lotwatch.movement_id'),
    reverses_id bigint,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, source_event_id)
);
COMMENT ON COLUMN lotwatch.movement_source.reverses_id IS 'the movement that this event takes back; each is taken back once';
CREATE UNIQUE INDEX movement_source_reverses ON lotwatch.movement_source (reverses_id) WHERE reverses_id IS NOT NULL;

-- No foreign keys: the posting statement joins everything it refers to, nothing referred to is ever deleted, and
-- looking each one up again halves the rate. `lotwatch ledger verify` looks for what would have no partner.
CREATE TABLE lotwatch.movement (
    movement_id bigint NOT NULL,
    recorded_xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    occurred_at timestamptz NOT NULL,
    item_id bigint NOT NULL,
    lot_id bigint NOT NULL DEFAULT 0,
    serial_id bigint NOT NULL DEFAULT 0,
    from_location_id bigint NOT NULL,
    to_location_id bigint NOT NULL,
    quantity bigint NOT NULL CHECK (quantity > 0),
    reverses_id bigint,
    batch_id bigint,
    from_counted boolean NOT NULL,
    to_counted boolean NOT NULL,
    from_owner text NOT NULL,
    to_owner text NOT NULL,
    from_status text NOT NULL,
    to_status text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('movement', 'reversal', 'opening', 'stocktake')),
    source text COLLATE "C" NOT NULL,
    source_event_id text COLLATE "C" NOT NULL,
    document text,
    order_line_key text COLLATE "C",
    transformation_key text COLLATE "C",
    case_reference text,
    reason text,
    PRIMARY KEY (movement_id, recorded_at)
) PARTITION BY RANGE (recorded_at);
COMMENT ON COLUMN lotwatch.movement.recorded_xid IS 'the transaction that recorded it: snapshots advance by it, for rows commit below any timestamp';
COMMENT ON COLUMN lotwatch.movement.from_counted IS
'whether it changes the position it leaves: not in the outside world, and not where a later count has already seen it';
COMMENT ON COLUMN lotwatch.movement.lot_id IS '0: none, or a serial unit, whose lot is in serial_unit and may be told later';
CREATE INDEX movement_lot ON lotwatch.movement (lot_id, occurred_at) WHERE lot_id <> 0;
CREATE INDEX movement_serial ON lotwatch.movement (serial_id, occurred_at) WHERE serial_id <> 0;
CREATE INDEX movement_item ON lotwatch.movement (item_id, occurred_at);
CREATE INDEX movement_order_line ON lotwatch.movement (order_line_key) WHERE order_line_key IS NOT NULL;
CREATE INDEX movement_receipt ON lotwatch.movement (document) WHERE order_line_key IS NOT NULL AND document IS NOT NULL;
CREATE INDEX movement_transformation ON lotwatch.movement (transformation_key) WHERE transformation_key IS NOT NULL;
CREATE INDEX movement_occurred ON lotwatch.movement USING brin (occurred_at) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX movement_recorded ON lotwatch.movement USING brin (recorded_xid) WITH (pages_per_range = 32, autosummarize = on);
CREATE TRIGGER movement_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.movement
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.movement FROM lotwatch_app;

CREATE TABLE lotwatch_partition.movement_default PARTITION OF lotwatch.movement DEFAULT;
CREATE TRIGGER movement_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch_partition.movement_default
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();

-- Makes the partitions of the months from `first` to `last`, where they are missing; returns how many it made.
-- What went into the default partition meanwhile moves into its own. For the app, which may not create tables.
CREATE FUNCTION lotwatch.make_movement_partitions(first date, last date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    month date;
    name text;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('lotwatch.make_movement_partitions'));
    FOR month IN SELECT generate_series(date_trunc('month', first), last, interval '1 month')::date LOOP
        name := 'movement_' || to_char(month, 'YYYY_MM');
        CONTINUE WHEN to_regclass('lotwatch_partition.' || name) IS NOT NULL;
        EXECUTE format('CREATE TABLE lotwatch_partition.%I (LIKE lotwatch.movement INCLUDING ALL)', name);
        ALTER TABLE lotwatch_partition.movement_default DISABLE TRIGGER movement_append_only;
        EXECUTE format(
            'WITH early AS (DELETE FROM lotwatch_partition.movement_default'
            ' WHERE recorded_at >= %L AND recorded_at < %L RETURNING *) INSERT INTO lotwatch_partition.%I SELECT * FROM early',
            month || ' 00:00+00', (month + interval '1 month')::date || ' 00:00+00', name);
        ALTER TABLE lotwatch_partition.movement_default ENABLE TRIGGER movement_append_only;
        EXECUTE format(
            'ALTER TABLE lotwatch.movement ATTACH PARTITION lotwatch_partition.%I FOR VALUES FROM (%L) TO (%L)',
            name, month || ' 00:00+00', (month + interval '1 month')::date || ' 00:00+00');
        EXECUTE format(
            'CREATE TRIGGER movement_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch_partition.%I'
            ' FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change()', name);
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;
REVOKE EXECUTE ON FUNCTION lotwatch.make_movement_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lotwatch.make_movement_partitions TO lotwatch_app;

SELECT
    lotwatch.make_movement_partitions(
        coalesce(min(movement_before.recorded_at), now())::date, (now() + interval '3 months')::date
    )
FROM lotwatch.movement_before;

INSERT INTO lotwatch.movement (
    movement_id, recorded_at, occurred_at, item_id, lot_id, serial_id, from_location_id, to_location_id, quantity,
    batch_id, from_counted, to_counted, from_owner, to_owner, from_status, to_status, kind, source, source_event_id,
    document, order_line_key
)
SELECT
    known.movement_id,
    known.recorded_at,
    known.occurred_at,
    known.item_id,
    CASE WHEN known.serial_id = 0 THEN known.lot_id ELSE 0 END,
    known.serial_id,
    known.from_location_id,
    known.to_location_id,
    known.quantity,
    known.batch_id,
    origin.holds_stock,
    destination.holds_stock,
    known.from_owner,
    known.to_owner,
    known.from_status,
    known.to_status,
    'movement',
    known.source,
    known.source_event_id,
    known.document,
    known.order_line_key
FROM lotwatch.movement_before AS known
JOIN lotwatch.location AS origin ON origin.location_id = known.from_location_id
JOIN lotwatch.location AS destination ON destination.location_id = known.to_location_id;
INSERT INTO lotwatch.movement_source (source, source_event_id, movement_id, recorded_at)
SELECT known.source, known.source_event_id, known.movement_id, known.recorded_at FROM lotwatch.movement_before AS known;
SELECT setval('lotwatch.movement_id', coalesce(max(known.movement_id), 0) + 1, false) FROM lotwatch.movement_before AS known;
DROP TABLE lotwatch.movement_before, lotwatch.movement_source_before;
REVOKE UPDATE, DELETE ON lotwatch.movement_source FROM lotwatch_app;
CREATE TRIGGER movement_source_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.movement_source
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();

-- Each counted side of each movement: what it added to a position (negative: took from it).
CREATE VIEW lotwatch.movement_side AS
SELECT
    m.movement_id,
    m.item_id,
    m.to_location_id AS location_id,
    m.lot_id,
    m.serial_id,
    m.to_owner AS owner,
    m.to_status AS status,
    m.quantity,
    m.occurred_at,
    m.recorded_at,
    m.recorded_xid
FROM lotwatch.movement AS m
WHERE m.to_counted
UNION ALL
SELECT
    m.movement_id,
    m.item_id,
    m.from_location_id,
    m.lot_id,
    m.serial_id,
    m.from_owner,
    m.from_status,
    -m.quantity,
    m.occurred_at,
    m.recorded_at,
    m.recorded_xid
FROM lotwatch.movement AS m
WHERE m.from_counted;

-- One movement by its key. Strict, so that it is never inlined: the posting statement then plans without the partitions,
-- which it reads for reversals alone (looking at all of them takes a new connection 30 ms).
CREATE FUNCTION lotwatch.recorded_movement(movement_id bigint, recorded_at timestamptz) RETURNS SETOF lotwatch.movement
LANGUAGE sql STABLE STRICT ROWS 1 AS $$
    SELECT * FROM lotwatch.movement AS m
    WHERE m.movement_id = recorded_movement.movement_id AND m.recorded_at = recorded_movement.recorded_at
$$;

-- What was odd about a movement when it was posted. It was accepted all the same: the world is sometimes wrong.
CREATE TABLE lotwatch.movement_flag (
    movement_id bigint NOT NULL,
    flag text NOT NULL CHECK (flag IN ('conflict', 'negative', 'lot_missing', 'serial_missing', 'before_count')),
    item_id bigint NOT NULL,
    location_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    serial_id bigint NOT NULL,
    quantity bigint NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (movement_id, flag)
);
COMMENT ON COLUMN lotwatch.movement_flag.flag IS
'conflict: a serial number left a place where it was not; negative: more left than was there; lot_missing, serial_missing: '
'its label carries one, the movement does not; before_count: a later count had already seen it, so it changed no position';
COMMENT ON COLUMN lotwatch.movement_flag.quantity IS 'conflict and negative: what the movement left in the position; else what moved';
CREATE INDEX movement_flag_conflict ON lotwatch.movement_flag (serial_id) WHERE flag = 'conflict';
CREATE INDEX movement_flag_recorded ON lotwatch.movement_flag (recorded_at);
CREATE INDEX movement_flag_item ON lotwatch.movement_flag (item_id, location_id);
CREATE TRIGGER movement_flag_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.movement_flag
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.movement_flag FROM lotwatch_app;

INSERT INTO lotwatch.movement_flag (movement_id, flag, item_id, location_id, lot_id, serial_id, quantity, recorded_at)
SELECT
    m.movement_id,
    CASE WHEN i.label_serial THEN 'serial_missing' ELSE 'lot_missing' END,
    m.item_id,
    m.from_location_id,
    m.lot_id,
    m.serial_id,
    m.quantity,
    m.recorded_at
FROM lotwatch.movement AS m
JOIN lotwatch.item AS i ON i.item_id = m.item_id
WHERE (i.label_lot AND m.lot_id = 0 AND m.serial_id = 0) OR (i.label_serial AND m.serial_id = 0);

-- Stock only: the outside world has no positions. A row stays when its quantity is 0: it tells who ever had a lot.
DELETE FROM lotwatch.position;
INSERT INTO lotwatch.position (item_id, location_id, lot_id, serial_id, owner, status, quantity)
SELECT
    side.item_id,
    side.location_id,
    side.lot_id,
    side.serial_id,
    side.owner,
    side.status,
    sum(side.quantity)
FROM lotwatch.movement_side AS side
GROUP BY side.item_id, side.location_id, side.lot_id, side.serial_id, side.owner, side.status;
CREATE INDEX position_serial ON lotwatch.position (serial_id) WHERE serial_id <> 0;
CREATE INDEX position_location ON lotwatch.position (location_id, item_id);

-- What came of an order line so far, less what went back: kept by the posting statement, as positions are.
CREATE TABLE lotwatch.order_line_receipt (
    order_line_key text COLLATE "C" PRIMARY KEY,
    quantity bigint NOT NULL
) WITH (fillfactor = 70);

-- What each movement brought of an order line (negative: took back to the supplier).
CREATE VIEW lotwatch.order_line_movement AS
SELECT
    m.order_line_key,
    CASE WHEN destination.kind = 'supplier' THEN -m.quantity ELSE m.quantity END AS quantity,
    m.occurred_at,
    m.recorded_at
FROM lotwatch.movement AS m
JOIN lotwatch.location AS destination ON destination.location_id = m.to_location_id
WHERE m.order_line_key IS NOT NULL;

INSERT INTO lotwatch.order_line_receipt (order_line_key, quantity)
SELECT m.order_line_key, sum(m.quantity) FROM lotwatch.order_line_movement AS m
GROUP BY m.order_line_key;

-- What a trace begins with.
CREATE INDEX purchase_order_line_number ON lotwatch.purchase_order_line (order_number) WHERE order_number IS NOT NULL;
CREATE INDEX serial_unit_lot ON lotwatch.serial_unit (lot_id) WHERE lot_id IS NOT NULL;

-- A count of a site's stock, and what the books said at the same moment. Approved, it becomes movements.
CREATE TABLE lotwatch.stocktake (
    stocktake_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE GENERATED ALWAYS AS ('ST-' || lpad(stocktake_id::text, 6, '0')) STORED,
    source text COLLATE "C" NOT NULL,
    number text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('opening', 'count')),
    site_id bigint NOT NULL REFERENCES lotwatch.location,
    counted_at timestamptz NOT NULL,
    counted_by text,
    state text NOT NULL DEFAULT 'proposed' CHECK (state IN ('proposed', 'approved', 'rejected')),
    decided_by text,
    decided_at timestamptz,
    note text,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (source, number),
    CHECK (decided_by IS DISTINCT FROM counted_by OR decided_by IS NULL)
);
COMMENT ON COLUMN lotwatch.stocktake.kind IS
'opening: the whole site, whose books begin here (what is not listed is not there); count: the listed positions alone';

CREATE TABLE lotwatch.stocktake_line (
    stocktake_id bigint NOT NULL REFERENCES lotwatch.stocktake,
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    location_id bigint NOT NULL REFERENCES lotwatch.location,
    lot_id bigint NOT NULL DEFAULT 0,
    serial_id bigint NOT NULL DEFAULT 0,
    owner text NOT NULL,
    status text NOT NULL,
    counted bigint NOT NULL CHECK (counted >= 0),
    expected bigint NOT NULL,
    variance bigint NOT NULL GENERATED ALWAYS AS (counted - expected) STORED,
    PRIMARY KEY (stocktake_id, item_id, location_id, lot_id, serial_id, owner, status)
);

CREATE TABLE stage.count (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    number text COLLATE "C",
    kind text,
    site_code text COLLATE "C",
    location_code text COLLATE "C",
    item_code text COLLATE "C",
    lot_number text COLLATE "C",
    serial_number text COLLATE "C",
    owner text,
    status text,
    quantity numeric,
    unit text,
    counted_at timestamptz,
    counted_by text,
    stated jsonb,
    PRIMARY KEY (batch_id, record_no)
);

-- From when on a site's books count, and when a position was last counted: what happened before and is told later
-- has already been seen by who counted.
CREATE TABLE lotwatch.cut_over (
    site_id bigint PRIMARY KEY REFERENCES lotwatch.location,
    counted_at timestamptz NOT NULL
);
CREATE TABLE lotwatch.last_count (
    item_id bigint NOT NULL,
    location_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    serial_id bigint NOT NULL,
    owner text NOT NULL,
    status text NOT NULL,
    counted_at timestamptz NOT NULL,
    PRIMARY KEY (item_id, location_id, lot_id, serial_id, owner, status)
);

-- An overlay on stock, not a movement: it catches what arrives later, and only its own authority lifts it.
ALTER TABLE lotwatch.hold
DROP CONSTRAINT hold_cause_item_id_lot_id_reference_key,
ALTER COLUMN item_id DROP NOT NULL,
ADD COLUMN serial_id bigint REFERENCES lotwatch.serial_unit,
ADD COLUMN location_id bigint REFERENCES lotwatch.location,
ADD COLUMN case_reference text,
ADD COLUMN reason text,
ADD COLUMN placed_by text NOT NULL DEFAULT 'quality system',
ADD COLUMN released_by text,
ADD COLUMN release_reason text,
ADD COLUMN confirmed_at timestamptz,
ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT now(),
ADD CHECK (num_nonnulls(item_id, location_id) > 0),
ADD CHECK (item_id IS NOT NULL OR num_nonnulls(lot_id, serial_id) = 0);
ALTER TABLE lotwatch.hold ALTER COLUMN placed_by DROP DEFAULT;
COMMENT ON COLUMN lotwatch.hold.authority IS 'who alone may release it: quality, recall, warehouse, data, credential';
COMMENT ON COLUMN lotwatch.hold.location_id IS 'with everything under it; null: wherever it is';
COMMENT ON COLUMN lotwatch.hold.confirmed_at IS 'when the warehouse system or the site said that it holds it too; null: not yet';
CREATE UNIQUE INDEX hold_once ON lotwatch.hold (cause, item_id, lot_id, serial_id, location_id, reference)
NULLS NOT DISTINCT WHERE released_at IS NULL;
CREATE INDEX hold_open ON lotwatch.hold (item_id, lot_id) WHERE released_at IS NULL;
CREATE INDEX hold_case ON lotwatch.hold (case_reference) WHERE case_reference IS NOT NULL;

-- The whole stock at a moment, by what had been recorded in transactions below the watermark.
CREATE TABLE lotwatch.snapshot (
    snapshot_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    as_of timestamptz NOT NULL UNIQUE,
    taken_at timestamptz NOT NULL DEFAULT now(),
    watermark bigint NOT NULL
);
CREATE TABLE lotwatch.snapshot_position (
    snapshot_id bigint NOT NULL,
    item_id bigint NOT NULL,
    location_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    serial_id bigint NOT NULL,
    owner text NOT NULL,
    status text NOT NULL,
    quantity bigint NOT NULL,
    PRIMARY KEY (snapshot_id, item_id, location_id, lot_id, serial_id, owner, status)
);

-- Other systems' records on their way in: batches, cursors, staged rows, quarantine.

-- One pull of one source. Its rows are staged with it; it moves staged -> judged -> posted.
CREATE TABLE lotwatch.batch (
    batch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    dag_id text,
    run_id text,
    as_of timestamptz NOT NULL,
    backfilled boolean NOT NULL DEFAULT false,
    state text NOT NULL DEFAULT 'staged' CHECK (state IN ('staged', 'judged', 'posted', 'stopped')),
    counts jsonb NOT NULL DEFAULT '{}',
    error text,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN lotwatch.batch.state IS
'stopped: the gate would not let it on (a broken check, or too much of it bad); a person decides';
CREATE INDEX batch_source ON lotwatch.batch (source, batch_id);
CREATE INDEX batch_pending ON lotwatch.batch (source, batch_id) WHERE state IN ('staged', 'judged', 'stopped');

-- Where the next pull of an entity resumes. Moves only in the transaction that staged the rows.
CREATE TABLE lotwatch.source_cursor (
    source text NOT NULL,
    entity text NOT NULL,
    cursor jsonb NOT NULL,
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    PRIMARY KEY (source, entity)
);

-- Staged rows: typed as our entities, beside the raw record they came from.
-- source_key is the record's identity in its own system; errors and warnings are the gate's verdict
-- (rule ids), null until judged.
CREATE TABLE stage.record (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[]
);

CREATE TABLE stage.supplier (
    LIKE stage.record INCLUDING ALL,
    code text COLLATE "C",
    name text,
    email text,
    active boolean,
    PRIMARY KEY (batch_id, record_no)
);

CREATE TABLE stage.item (
    LIKE stage.record INCLUDING ALL,
    code text COLLATE "C",
    name text,
    category text,
    legal_manufacturer text,
    device_class text,
    criticality text,
    udi_di text,
    label_lot boolean,
    label_serial boolean,
    label_expiry boolean,
    base_unit text,
    unit_cost numeric,
    storage_min_c numeric,
    storage_max_c numeric,
    registration_number text,
    registration_through date,
    active boolean,
    PRIMARY KEY (batch_id, record_no)
);

CREATE TABLE stage.location (
    LIKE stage.record INCLUDING ALL,
    code text COLLATE "C",
    name text,
    kind text,
    parent_code text COLLATE "C",
    region text,
    time_zone text,
    supplied_by text,
    status text,
    owner text,
    active boolean,
    PRIMARY KEY (batch_id, record_no)
);

CREATE TABLE stage.agreement (
    LIKE stage.record INCLUDING ALL,
    supplier_code text COLLATE "C",
    item_code text COLLATE "C",
    price numeric,
    currency text,
    minimum_order_quantity bigint,
    order_multiple bigint,
    lead_time_days integer,
    PRIMARY KEY (batch_id, record_no)
);

-- A lot, or a serial unit (serial_number set; lot_number may then be null).
CREATE TABLE stage.lot (
    LIKE stage.record INCLUDING ALL,
    item_code text COLLATE "C",
    lot_number text COLLATE "C",
    serial_number text COLLATE "C",
    manufactured_on date,
    usable_through date,
    PRIMARY KEY (batch_id, record_no)
);

-- Something that happened to stock. source_key is the event's identity for ever.
CREATE TABLE stage.movement (
    LIKE stage.record INCLUDING ALL,
    item_code text COLLATE "C",
    lot_number text COLLATE "C",
    serial_number text COLLATE "C",
    from_location text COLLATE "C",
    to_location text COLLATE "C",
    quantity bigint,
    document text,
    order_line_key text COLLATE "C",
    occurred_at timestamptz,
    PRIMARY KEY (batch_id, record_no)
);

CREATE TABLE stage.purchase_line (
    LIKE stage.record INCLUDING ALL,
    order_number text COLLATE "C",
    order_reference text COLLATE "C",
    order_state text,
    supplier_code text COLLATE "C",
    site_code text COLLATE "C",
    item_code text COLLATE "C",
    quantity bigint,
    unit_price numeric,
    currency text,
    ordered_on date,
    requested_on date,
    promised_on date,
    PRIMARY KEY (batch_id, record_no)
);

CREATE TABLE stage.inspection (
    LIKE stage.record INCLUDING ALL,
    number text,
    item_code text COLLATE "C",
    lot_number text COLLATE "C",
    state text,
    opened_at timestamptz,
    closed_at timestamptz,
    PRIMARY KEY (batch_id, record_no)
);

DROP TABLE stage.record;

-- Records that may not flow on, with their reasons. One open row for a record of a source, however
-- often it is read again; correcting it at its source or here and replaying it closes the row.
CREATE TABLE lotwatch.quarantine (
    quarantine_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL,
    entity text NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    item_code text,
    record jsonb,
    raw jsonb NOT NULL,
    rules text[] NOT NULL,
    reasons text[] NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'released', 'discarded')),
    first_batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    last_batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    first_seen timestamptz NOT NULL DEFAULT now(),
    last_seen timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN lotwatch.quarantine.record IS 'the mapped row; null when the record could not be mapped';
CREATE UNIQUE INDEX quarantine_open ON lotwatch.quarantine (source, entity, source_key) WHERE state = 'open';
CREATE INDEX quarantine_item ON lotwatch.quarantine (item_code) WHERE state = 'open';

-- What happened, and what is where. Quantities are whole base units.
-- lot_id and serial_id are 0 where there is none, so that they can be part of a key.

-- The identity of a source event, for ever: what is in here is never posted again.
CREATE TABLE lotwatch.movement_source (
    source text COLLATE "C" NOT NULL,
    source_event_id text COLLATE "C" NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, source_event_id)
);

CREATE TABLE lotwatch.movement (
    movement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text COLLATE "C" NOT NULL,
    source_event_id text COLLATE "C" NOT NULL,
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    lot_id bigint NOT NULL DEFAULT 0,
    serial_id bigint NOT NULL DEFAULT 0,
    from_location_id bigint NOT NULL REFERENCES lotwatch.location,
    to_location_id bigint NOT NULL REFERENCES lotwatch.location,
    from_owner text NOT NULL,
    to_owner text NOT NULL,
    from_status text NOT NULL,
    to_status text NOT NULL,
    quantity bigint NOT NULL CHECK (quantity > 0),
    document text,
    order_line_key text COLLATE "C",
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    batch_id bigint REFERENCES lotwatch.batch
);
CREATE INDEX movement_lot ON lotwatch.movement (lot_id, occurred_at);
CREATE INDEX movement_item_from ON lotwatch.movement (item_id, from_location_id, occurred_at) INCLUDE (quantity);
CREATE INDEX movement_item_to ON lotwatch.movement (item_id, to_location_id, occurred_at) INCLUDE (quantity);
CREATE INDEX movement_order_line ON lotwatch.movement (order_line_key) WHERE order_line_key IS NOT NULL;
CREATE TRIGGER movement_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.movement
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.movement FROM lotwatch_app;

-- Always equal to the sum of movements; kept by the posting statement in the same transaction.
CREATE TABLE lotwatch.position (
    item_id bigint NOT NULL,
    location_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    serial_id bigint NOT NULL,
    owner text NOT NULL,
    status text NOT NULL,
    quantity bigint NOT NULL,
    PRIMARY KEY (item_id, location_id, lot_id, serial_id, owner, status)
) WITH (fillfactor = 70);

-- Positions that changed and wait to be evaluated: append-only, without a unique key (with one, a wake-up was lost).
CREATE TABLE lotwatch.change (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id bigint NOT NULL,
    location_id bigint NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);

-- An overlay on stock, not a movement: it catches what arrives later, and only its own authority lifts it.
CREATE TABLE lotwatch.hold (
    hold_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cause text NOT NULL CHECK (cause IN ('quality', 'recall', 'precaution', 'data', 'credential', 'cold_chain')),
    authority text NOT NULL,
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    lot_id bigint REFERENCES lotwatch.lot,
    reference text NOT NULL,
    placed_at timestamptz NOT NULL,
    released_at timestamptz,
    UNIQUE NULLS NOT DISTINCT (cause, item_id, lot_id, reference)
);

CREATE TABLE lotwatch.purchase_order_line (
    source text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    order_number text COLLATE "C",
    order_reference text COLLATE "C",
    state text NOT NULL CHECK (state IN ('draft', 'open', 'done', 'cancelled')),
    supplier_id bigint NOT NULL REFERENCES lotwatch.supplier,
    site_id bigint NOT NULL REFERENCES lotwatch.location,
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    quantity bigint NOT NULL CHECK (quantity > 0),
    unit_price numeric(18, 4) NOT NULL,
    currency text NOT NULL,
    ordered_on date,
    requested_on date,
    promised_on date,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, source_key)
);
COMMENT ON COLUMN lotwatch.purchase_order_line.order_reference IS
'our proposal''s code where we drafted the order: the ERP''s line is then linked to it, never counted twice';
CREATE INDEX purchase_order_line_reference ON lotwatch.purchase_order_line (order_reference) WHERE order_reference IS NOT NULL;
CREATE INDEX purchase_order_line_item ON lotwatch.purchase_order_line (item_id, site_id) WHERE state IN ('draft', 'open');

CREATE TABLE lotwatch.inspection (
    source text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    number text NOT NULL,
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    lot_id bigint REFERENCES lotwatch.lot,
    state text NOT NULL CHECK (state IN ('pending', 'passed', 'failed')),
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    PRIMARY KEY (source, source_key)
);

-- What is wanted, what of the stock is set aside for it, and what is on its way: documents, kept as the system that
-- owns them has them now. Only a movement changes stock. Planning's demand is what was used or opened (movements),
-- never what was asked for or reserved here.
-- Quantities are whole base units; lot_id and serial_id are 0 where there is none, as in the ledger.

CREATE TABLE lotwatch.demand_order (
    demand_order_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    number text COLLATE "C",
    kind text NOT NULL CHECK (kind IN ('department', 'customer', 'procedure')),
    site_id bigint NOT NULL REFERENCES lotwatch.location,
    customer_location_id bigint REFERENCES lotwatch.location,
    priority text NOT NULL DEFAULT 'routine' CHECK (priority IN ('emergency', 'urgent', 'routine')),
    ordered_at timestamptz NOT NULL,
    procedure_at timestamptz,
    procedure_reference text,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (source, source_key)
);
COMMENT ON COLUMN lotwatch.demand_order.kind IS
'department: a ward or theatre asks its store; customer: another organisation orders; procedure: a planned one reserves what it may need';
COMMENT ON COLUMN lotwatch.demand_order.site_id IS 'the site that serves it; its lines may be served by another';
COMMENT ON COLUMN lotwatch.demand_order.customer_location_id IS 'where it is wanted: a department, or a place of the outside world';
COMMENT ON COLUMN lotwatch.demand_order.procedure_reference IS 'the procedure there, encrypted by the sender; never read here';
COMMENT ON COLUMN lotwatch.demand_order.recorded_at IS 'when we learned of it as it is now';

CREATE TABLE lotwatch.demand_order_line (
    source text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    demand_order_id bigint NOT NULL REFERENCES lotwatch.demand_order,
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    site_id bigint NOT NULL REFERENCES lotwatch.location,
    quantity bigint NOT NULL CHECK (quantity > 0),
    need_by date,
    minimum_remaining_life_days integer CHECK (minimum_remaining_life_days >= 0),
    state text NOT NULL CHECK (state IN ('draft', 'open', 'done', 'cancelled')),
    closed_at timestamptz,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, source_key)
);
COMMENT ON COLUMN lotwatch.demand_order_line.need_by IS 'the day on which it is wanted, in the site''s zone; null: not said';
COMMENT ON COLUMN lotwatch.demand_order_line.minimum_remaining_life_days IS
'days a lot must still be usable when it is handed over; null: any lot that is not expired';
COMMENT ON COLUMN lotwatch.demand_order_line.state IS 'draft: not asked for yet, it counts nowhere; open: still to be served';
COMMENT ON COLUMN lotwatch.demand_order_line.closed_at IS 'when it was done or cancelled; null: it is neither';
CREATE INDEX demand_order_line_order ON lotwatch.demand_order_line (demand_order_id);
CREATE INDEX demand_order_line_open ON lotwatch.demand_order_line (item_id, site_id) INCLUDE (quantity) WHERE state = 'open';

-- Stock that is set aside. It is still where it is, and still ours to hold.
CREATE TABLE lotwatch.allocation (
    source text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    demand_line_key text COLLATE "C",
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    location_id bigint NOT NULL REFERENCES lotwatch.location,
    lot_id bigint NOT NULL DEFAULT 0,
    serial_id bigint NOT NULL DEFAULT 0,
    quantity bigint NOT NULL CHECK (quantity > 0),
    allocated_at timestamptz NOT NULL,
    closed_at timestamptz,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, source_key)
);
COMMENT ON COLUMN lotwatch.allocation.demand_line_key IS
'source_key of the demand line of the same source that it serves; null: something else, such as a transfer';
COMMENT ON COLUMN lotwatch.allocation.location_id IS 'where it is set aside; a place with places under it: anywhere in there';
COMMENT ON COLUMN lotwatch.allocation.lot_id IS '0: of no lot, or any lot will do';
COMMENT ON COLUMN lotwatch.allocation.closed_at IS 'when it was taken or given up; null: it is set aside now';
CREATE INDEX allocation_open ON lotwatch.allocation (item_id, location_id) INCLUDE (lot_id, quantity) WHERE closed_at IS NULL;
CREATE INDEX allocation_lot ON lotwatch.allocation (lot_id) WHERE closed_at IS NULL AND lot_id <> 0;
CREATE INDEX allocation_serial ON lotwatch.allocation (serial_id) WHERE closed_at IS NULL AND serial_id <> 0;
CREATE INDEX allocation_demand_line ON lotwatch.allocation (source, demand_line_key) WHERE demand_line_key IS NOT NULL;

-- Goods on their way from one place to another: to a site of ours, or out of the house.
CREATE TABLE lotwatch.delivery (
    delivery_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    number text COLLATE "C",
    from_site_id bigint REFERENCES lotwatch.location,
    to_location_id bigint NOT NULL REFERENCES lotwatch.location,
    to_site_id bigint REFERENCES lotwatch.location,
    carrier text,
    tracking_number text COLLATE "C",
    state text NOT NULL CHECK (state IN ('planned', 'shipped', 'delivered', 'cancelled')),
    shipped_at timestamptz,
    expected_at timestamptz,
    delivered_at timestamptz,
    cancelled_at timestamptz,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (source, source_key)
);
COMMENT ON COLUMN lotwatch.delivery.from_site_id IS 'null: from outside, as a supplier''s';
COMMENT ON COLUMN lotwatch.delivery.to_site_id IS 'the site that to_location_id belongs to; null: out of the house';
COMMENT ON COLUMN lotwatch.delivery.state IS 'shipped: it has left, and what has not been received of it is in transit';
COMMENT ON COLUMN lotwatch.delivery.expected_at IS 'when it should have arrived: the end of the day where only a day is known';
CREATE INDEX delivery_number ON lotwatch.delivery (number) WHERE number IS NOT NULL;
CREATE INDEX delivery_tracking_number ON lotwatch.delivery (tracking_number) WHERE tracking_number IS NOT NULL;
CREATE INDEX delivery_moving ON lotwatch.delivery (to_site_id) WHERE state IN ('planned', 'shipped');

CREATE TABLE lotwatch.delivery_line (
    source text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    delivery_id bigint NOT NULL REFERENCES lotwatch.delivery,
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    lot_id bigint NOT NULL DEFAULT 0,
    serial_id bigint NOT NULL DEFAULT 0,
    quantity bigint NOT NULL CHECK (quantity > 0),
    received_quantity bigint NOT NULL DEFAULT 0 CHECK (received_quantity >= 0),
    sscc text COLLATE "C",
    demand_line_key text COLLATE "C",
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, source_key)
);
COMMENT ON COLUMN lotwatch.delivery_line.received_quantity IS 'what has arrived of it; more than its quantity: more came than was sent';
COMMENT ON COLUMN lotwatch.delivery_line.sscc IS 'GS1 serial shipping container code of the pallet or case it is in';
COMMENT ON COLUMN lotwatch.delivery_line.demand_line_key IS 'source_key of the demand line of the same source that it serves; null: none';
CREATE INDEX delivery_line_delivery ON lotwatch.delivery_line (delivery_id, item_id);
CREATE INDEX delivery_line_item ON lotwatch.delivery_line (item_id);
CREATE INDEX delivery_line_lot ON lotwatch.delivery_line (lot_id) WHERE lot_id <> 0;
CREATE INDEX delivery_line_serial ON lotwatch.delivery_line (serial_id) WHERE serial_id <> 0;
CREATE INDEX delivery_line_sscc ON lotwatch.delivery_line (sscc) WHERE sscc IS NOT NULL;
CREATE INDEX delivery_line_demand_line ON lotwatch.delivery_line (source, demand_line_key) WHERE demand_line_key IS NOT NULL;

ALTER TABLE lotwatch.inspection
ADD COLUMN due_on date,
ADD COLUMN sampled_quantity bigint CHECK (sampled_quantity >= 0),
ADD COLUMN location_id bigint REFERENCES lotwatch.location;
COMMENT ON COLUMN lotwatch.inspection.due_on IS 'the day on which its lot should be released; null: not said';
COMMENT ON COLUMN lotwatch.inspection.sampled_quantity IS 'units taken as its sample (base units); null: not said';
COMMENT ON COLUMN lotwatch.inspection.location_id IS 'where it is done, as nearly as its system tells; null: it does not';
CREATE INDEX inspection_lot ON lotwatch.inspection (lot_id) WHERE lot_id IS NOT NULL;
CREATE INDEX inspection_pending ON lotwatch.inspection (item_id) WHERE state = 'pending';

-- The rows on their way in: quantities in `unit` (null: base units), items by code or by the identifier on a label
-- (udi_di); `stated` as in 007.

-- A line of what is wanted, with its order. order_key is the order's identity in its own system.
CREATE TABLE stage.demand_line (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    order_key text COLLATE "C",
    order_number text COLLATE "C",
    order_kind text,
    site_code text COLLATE "C",
    customer_location text COLLATE "C",
    priority text,
    ordered_at timestamptz,
    procedure_at timestamptz,
    procedure_reference text,
    item_code text COLLATE "C",
    udi_di text COLLATE "C",
    quantity numeric,
    unit text,
    need_by date,
    minimum_remaining_life_days integer,
    state text,
    closed_at timestamptz,
    stated jsonb,
    PRIMARY KEY (batch_id, record_no)
);

CREATE TABLE stage.allocation (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    demand_line_key text COLLATE "C",
    item_code text COLLATE "C",
    udi_di text COLLATE "C",
    location_code text COLLATE "C",
    lot_number text COLLATE "C",
    serial_number text COLLATE "C",
    quantity numeric,
    unit text,
    allocated_at timestamptz,
    closed_at timestamptz,
    stated jsonb,
    PRIMARY KEY (batch_id, record_no)
);

-- A line of what is on its way, with its delivery. delivery_key is the delivery's identity in its own system.
CREATE TABLE stage.delivery_line (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    delivery_key text COLLATE "C",
    delivery_number text COLLATE "C",
    from_site text COLLATE "C",
    to_location text COLLATE "C",
    carrier text,
    tracking_number text COLLATE "C",
    state text,
    shipped_at timestamptz,
    expected_at timestamptz,
    delivered_at timestamptz,
    cancelled_at timestamptz,
    item_code text COLLATE "C",
    udi_di text COLLATE "C",
    lot_number text COLLATE "C",
    serial_number text COLLATE "C",
    quantity numeric,
    unit text,
    received_quantity bigint,
    sscc text COLLATE "C",
    demand_line_key text COLLATE "C",
    stated jsonb,
    PRIMARY KEY (batch_id, record_no)
);
COMMENT ON COLUMN stage.delivery_line.received_quantity IS 'in base units, whatever `unit` is';

ALTER TABLE stage.inspection
ADD COLUMN due_on date,
ADD COLUMN quantity bigint,
ADD COLUMN location_code text COLLATE "C";
COMMENT ON COLUMN stage.inspection.quantity IS 'units taken as its sample (base units)';

-- What was cancelled after it was read has not been taken back so far: every movement is read once more, and what is
-- known already changes nothing.
DELETE FROM lotwatch.source_cursor
WHERE entity = 'movement';

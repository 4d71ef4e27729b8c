-- Six systems: what other systems say of stock and devices beside what they do, and which order a delivery fulfils.

-- What a supplier has announced is in transit, and on order no more, once its lines name their order lines.
ALTER TABLE stage.delivery_line
ADD COLUMN order_line_key text COLLATE "C";
COMMENT ON COLUMN stage.delivery_line.order_line_key IS 'source_key of the purchase line that it fulfils; null: none, or not told';
ALTER TABLE lotwatch.delivery_line
ADD COLUMN order_line_key text COLLATE "C";
COMMENT ON COLUMN lotwatch.delivery_line.order_line_key IS 'source_key of the purchase line that it fulfils; null: none, or not told';
CREATE INDEX delivery_line_order_line ON lotwatch.delivery_line (order_line_key) WHERE order_line_key IS NOT NULL;

-- What a system says is where: a statement to compare with, never stock. The rows of one statement share `stated_at`,
-- and a position that a later statement of the same place leaves out is said to be empty.
CREATE TABLE stage.stock_level (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    item_code text COLLATE "C",
    udi_di text COLLATE "C",
    location_code text COLLATE "C",
    lot_number text COLLATE "C",
    serial_number text COLLATE "C",
    quantity numeric,
    unit text,
    stated_at timestamptz,
    stated jsonb,
    PRIMARY KEY (batch_id, record_no)
);
COMMENT ON COLUMN stage.stock_level.quantity IS 'in `unit`; in base units once the codes are resolved; 0 is a statement too';

CREATE TABLE lotwatch.stated_stock (
    source text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    location_id bigint NOT NULL REFERENCES lotwatch.location,
    lot_id bigint NOT NULL DEFAULT 0,
    serial_id bigint NOT NULL DEFAULT 0,
    quantity bigint NOT NULL,
    stated_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, source_key)
);
COMMENT ON TABLE lotwatch.stated_stock IS 'what other systems say is where, to compare with; never counted as stock';
COMMENT ON COLUMN lotwatch.stated_stock.location_id IS 'the place they name, with everything under it';
COMMENT ON COLUMN lotwatch.stated_stock.lot_id IS '0: the statement does not tell lots apart';
CREATE INDEX stated_stock_item ON lotwatch.stated_stock (item_id, location_id);

-- What a regulator's database or a maker's file says of a device: it fills and checks items, it is none.
CREATE TABLE stage.device_record (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    udi_di text COLLATE "C",
    agency text,
    brand text,
    model text,
    catalogue_number text COLLATE "C",
    company text,
    description text,
    device_class text,
    nomenclature text,
    label_lot boolean,
    label_serial boolean,
    label_expiry boolean,
    label_manufactured boolean,
    registration_number text COLLATE "C",
    packages jsonb,
    published_on date,
    ended_on date,
    PRIMARY KEY (batch_id, record_no)
);
COMMENT ON COLUMN stage.device_record.packages IS
'[{"udi_di": of the package, "contains": DI of what is in it, "quantity": how many, "level": inner, case, pallet or other, "ended_on": day or null}]';

CREATE TABLE lotwatch.device_record (
    source text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    udi_di text COLLATE "C" NOT NULL,
    agency text NOT NULL,
    brand text,
    model text,
    catalogue_number text COLLATE "C",
    company text,
    description text,
    device_class text,
    nomenclature text,
    label_lot boolean,
    label_serial boolean,
    label_expiry boolean,
    label_manufactured boolean,
    registration_number text COLLATE "C",
    packages jsonb NOT NULL DEFAULT '[]',
    published_on date,
    ended_on date,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, source_key)
);
COMMENT ON COLUMN lotwatch.device_record.nomenclature IS 'code of the device''s kind, as GMDN or EMDN has it, with its system: GMDN:47409';
COMMENT ON COLUMN lotwatch.device_record.label_lot IS 'whether the label carries a lot number; null: not said';
COMMENT ON COLUMN lotwatch.device_record.ended_on IS 'since when it is no longer distributed; null: it is';
CREATE INDEX device_record_key ON lotwatch.device_record (lotwatch.identifier_key(udi_di));
CREATE INDEX device_record_catalogue ON lotwatch.device_record (catalogue_number) WHERE catalogue_number IS NOT NULL;

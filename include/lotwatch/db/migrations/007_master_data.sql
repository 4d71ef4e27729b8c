-- Master data complete: identifiers of every package level, units, terms of supply, legal entities, lanes, kits, and the
-- codes by which other systems name what is ours.

-- The form in which device identifiers are compared: a GTIN is the same with and without leading zeros, a HIBC with and
-- without its flag character.
CREATE FUNCTION lotwatch.identifier_key(code text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN code ~ '^([0-9]{8}|[0-9]{12,14})$' THEN lpad(code, 14, '0')
    ELSE ltrim(code, '+')
END;

-- Which agency issued a device identifier, as its shape tells (FDA, "UDI formats by FDA-accredited issuing agency"; China's
-- MA codes begin with MA., AHM codes have 20 digits)?
CREATE FUNCTION lotwatch.identifier_agency(code text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN code ~ '^([0-9]{8}|[0-9]{12,14})$' THEN 'GS1'
    WHEN code ~ '^[0-9]{20}$' THEN 'AHM'
    WHEN starts_with(code, 'MA.') THEN 'MA'
    WHEN code ~ '^[=&]' THEN 'ICCBBA'
    WHEN code ~ '^\+?[A-Z][A-Z0-9]{4,21}[0-9]$' THEN 'HIBCC'
    ELSE 'NATIONAL'
END;

ALTER TABLE lotwatch.item_identifier
ALTER COLUMN units_contained TYPE bigint,
ADD COLUMN valid_from date,
ADD COLUMN valid_through date,
ADD CHECK (package_level IN ('unit', 'inner', 'case', 'pallet', 'other')),
ADD CHECK (valid_through >= valid_from);
COMMENT ON COLUMN lotwatch.item_identifier.units_contained IS 'base units of the item in one package that bears this identifier';
COMMENT ON COLUMN lotwatch.item_identifier.valid_through IS
'the last day on which packages were labelled with it; what was labelled before keeps moving under it';
UPDATE lotwatch.item_identifier SET agency = lotwatch.identifier_agency(code)
WHERE agency <> lotwatch.identifier_agency(code);
CREATE INDEX item_identifier_key ON lotwatch.item_identifier (lotwatch.identifier_key(code));
CREATE INDEX item_identifier_item ON lotwatch.item_identifier (item_id);

-- Units in which an item is bought, stored or asked for beside its base unit.
CREATE TABLE lotwatch.item_unit (
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    unit text NOT NULL,
    factor bigint NOT NULL CHECK (factor > 0),
    PRIMARY KEY (item_id, unit)
);
COMMENT ON COLUMN lotwatch.item_unit.factor IS 'base units in one of this unit: a pack of ten has 10';

-- Are these price breaks: a list of {"quantity": base units, "price": per base unit}, from the smallest quantity up?
CREATE FUNCTION lotwatch.are_price_breaks(breaks jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN jsonb_typeof(breaks) <> 'array' OR breaks = '[]' THEN false
    WHEN (
        SELECT count(*) FROM jsonb_array_elements(breaks) AS e (step)
        WHERE jsonb_typeof(e.step -> 'quantity') = 'number' AND jsonb_typeof(e.step -> 'price') = 'number'
    ) < jsonb_array_length(breaks) THEN false
    ELSE (
        SELECT bool_and(s.quantity >= 1 AND s.quantity = trunc(s.quantity) AND s.price >= 0 AND s.quantity > s.before)
        FROM (
            SELECT
                (e.step ->> 'quantity')::numeric AS quantity,
                (e.step ->> 'price')::numeric AS price,
                lag((e.step ->> 'quantity')::numeric, 1, 0::numeric) OVER (ORDER BY e.place) AS before
            FROM jsonb_array_elements(breaks) WITH ORDINALITY AS e (step, place)
        ) AS s
    )
END;

ALTER TABLE lotwatch.supplier_agreement
ADD COLUMN price_ceiling numeric(18, 4) CHECK (price_ceiling >= 0),
ADD COLUMN price_breaks jsonb CHECK (lotwatch.are_price_breaks(price_breaks)),
ADD COLUMN minimum_remaining_life_days integer CHECK (minimum_remaining_life_days >= 0),
ADD COLUMN return_window_days integer CHECK (return_window_days >= 0),
ADD COLUMN bill_only boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN lotwatch.supplier_agreement.price_ceiling IS 'the highest price per base unit that may be paid, as a tender or a reimbursement list sets it';
COMMENT ON COLUMN lotwatch.supplier_agreement.price_breaks IS
'[{"quantity": base units from which on, "price": per base unit}], from the smallest quantity up; null: one price';
COMMENT ON COLUMN lotwatch.supplier_agreement.minimum_remaining_life_days IS 'days a lot must still be usable when it is received';
COMMENT ON COLUMN lotwatch.supplier_agreement.return_window_days IS 'days after receipt within which it may go back for credit; null: never';
COMMENT ON COLUMN lotwatch.supplier_agreement.bill_only IS 'paid when it is used: its order bills what was taken from consigned or brought stock';

-- Who acts in law: the maker, importer, distributor or user of a device, and who runs a place.
CREATE TABLE lotwatch.legal_entity (
    legal_entity_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE,
    name text NOT NULL,
    country text NOT NULL,
    roles text[] NOT NULL DEFAULT '{}' CHECK (roles <@ ARRAY['maker', 'importer', 'distributor', 'user']),
    active boolean NOT NULL DEFAULT true
);
COMMENT ON COLUMN lotwatch.legal_entity.country IS 'ISO 3166-1 alpha-2';

ALTER TABLE lotwatch.credential
DROP CONSTRAINT credential_kind_number_item_id_supplier_id_key,
ADD COLUMN valid_from date,
ADD COLUMN legal_entity_id bigint REFERENCES lotwatch.legal_entity,
ADD CHECK (num_nonnulls(item_id, supplier_id, legal_entity_id) > 0),
ADD CHECK (valid_through >= valid_from),
ADD UNIQUE NULLS NOT DISTINCT (kind, number, item_id, supplier_id, legal_entity_id);
CREATE INDEX credential_item ON lotwatch.credential (item_id);

ALTER TABLE lotwatch.location
DROP CONSTRAINT location_kind_check,
ADD CONSTRAINT location_kind_check CHECK (kind IN (
    'network', 'region', 'site', 'department', 'bin',
    'supplier', 'in_transit', 'patient', 'scrap', 'adjustment', 'transformation'
)),
ADD COLUMN legal_entity_id bigint REFERENCES lotwatch.legal_entity,
ADD COLUMN latitude numeric(8, 5) CHECK (latitude BETWEEN -90 AND 90),
ADD COLUMN longitude numeric(8, 5) CHECK (longitude BETWEEN -180 AND 180),
ADD COLUMN x_m numeric(9, 2),
ADD COLUMN y_m numeric(9, 2),
ADD COLUMN aisle text,
ADD COLUMN pick_sequence integer,
ADD COLUMN temperature_min_c numeric(5, 1),
ADD COLUMN temperature_max_c numeric(5, 1),
ADD CHECK (num_nulls(latitude, longitude) <> 1),
ADD CHECK (num_nulls(x_m, y_m) <> 1),
ADD CHECK (temperature_max_c >= temperature_min_c);
COMMENT ON COLUMN lotwatch.location.kind IS
'transformation: what is repacked or relabelled goes in and comes out as something else';
COMMENT ON COLUMN lotwatch.location.latitude IS 'degrees north (WGS 84)';
COMMENT ON COLUMN lotwatch.location.longitude IS 'degrees east (WGS 84)';
COMMENT ON COLUMN lotwatch.location.x_m IS 'metres along the floor of its site, from the corner from which the site measures';
COMMENT ON COLUMN lotwatch.location.pick_sequence IS 'its turn on a walk through the site; null: by aisle and metres';
COMMENT ON COLUMN lotwatch.location.temperature_min_c IS 'the range that is kept there, in degrees Celsius; null: not said';

-- Who may supply whom, how long it takes and what it costs.
CREATE TABLE lotwatch.lane (
    from_site_id bigint NOT NULL REFERENCES lotwatch.location,
    to_site_id bigint NOT NULL REFERENCES lotwatch.location,
    permitted boolean NOT NULL,
    cost numeric(18, 4) CHECK (cost >= 0),
    currency text,
    transit_days_p50 numeric(7, 2) CHECK (transit_days_p50 >= 0),
    transit_days_p95 numeric(7, 2),
    departs_on integer[] CHECK (departs_on <@ ARRAY[1, 2, 3, 4, 5, 6, 7]),
    temperature_min_c numeric(5, 1),
    temperature_max_c numeric(5, 1),
    PRIMARY KEY (from_site_id, to_site_id),
    CHECK (from_site_id <> to_site_id),
    CHECK (transit_days_p95 >= transit_days_p50),
    CHECK (temperature_max_c >= temperature_min_c)
);
COMMENT ON COLUMN lotwatch.lane.cost IS 'of one delivery';
COMMENT ON COLUMN lotwatch.lane.transit_days_p50 IS 'calendar days from dispatch to arrival that half of the deliveries need at most';
COMMENT ON COLUMN lotwatch.lane.departs_on IS 'ISO weekdays, Monday is 1; null: any day';
COMMENT ON COLUMN lotwatch.lane.temperature_min_c IS 'the range that is kept under way, in degrees Celsius; null: not said';

-- A raw UDI is kept as it was read. The last day of use is the earlier of the two dates on the label; least() passes over nulls.
ALTER TABLE lotwatch.lot
ADD COLUMN sterile_until date,
ADD COLUMN udi text,
ADD COLUMN last_day date GENERATED ALWAYS AS (least(usable_through, sterile_until)) STORED;
ALTER TABLE lotwatch.serial_unit
ADD COLUMN sterile_until date,
ADD COLUMN udi text,
ADD COLUMN last_day date GENERATED ALWAYS AS (least(usable_through, sterile_until)) STORED;
COMMENT ON COLUMN lotwatch.lot.sterile_until IS 'the last day on which its sterility is warranted, inclusive; null: the label has no such date';
COMMENT ON COLUMN lotwatch.lot.last_day IS 'the last day of use, inclusive, in the site''s zone';

-- Loaner and instrument sets: one of each that exists, what belongs in it and what of it is missing.
CREATE TABLE lotwatch.kit (
    kit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE,
    name text NOT NULL,
    item_id bigint REFERENCES lotwatch.item,
    owner text NOT NULL CHECK (owner IN ('own', 'loaned')),
    supplier_id bigint REFERENCES lotwatch.supplier,
    location_id bigint REFERENCES lotwatch.location,
    due_back date,
    state text NOT NULL CHECK (state IN ('ready', 'in_use', 'processing', 'returned', 'retired'))
);
COMMENT ON COLUMN lotwatch.kit.item_id IS 'where the set as a whole is an item; null: it is only its contents';
COMMENT ON COLUMN lotwatch.kit.supplier_id IS 'who lent it';
COMMENT ON COLUMN lotwatch.kit.state IS 'processing: being cleaned, counted and sterilised';

CREATE TABLE lotwatch.kit_content (
    kit_id bigint NOT NULL REFERENCES lotwatch.kit,
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    lot_id bigint NOT NULL DEFAULT 0,
    serial_id bigint NOT NULL DEFAULT 0,
    expected_quantity bigint NOT NULL CHECK (expected_quantity > 0),
    missing_quantity bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (kit_id, item_id, lot_id, serial_id),
    CHECK (missing_quantity BETWEEN 0 AND expected_quantity)
);
COMMENT ON COLUMN lotwatch.kit_content.lot_id IS '0: not known, as for serial_id';

-- How another system names what is ours.
CREATE TABLE lotwatch.cross_reference (
    system text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('item', 'location', 'supplier', 'legal_entity', 'lot', 'unit')),
    their_code text COLLATE "C" NOT NULL,
    our_code text COLLATE "C" NOT NULL,
    PRIMARY KEY (system, kind, their_code)
);
COMMENT ON COLUMN lotwatch.cross_reference.system IS 'the source whose records name it so';

CREATE TABLE stage.legal_entity (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    code text COLLATE "C",
    name text,
    country text,
    roles text[],
    active boolean,
    PRIMARY KEY (batch_id, record_no)
);

CREATE TABLE stage.identifier (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    item_code text COLLATE "C",
    agency text,
    code text COLLATE "C",
    package_level text,
    units_contained bigint,
    valid_from date,
    valid_through date,
    PRIMARY KEY (batch_id, record_no)
);

CREATE TABLE stage.item_unit (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    item_code text COLLATE "C",
    unit text,
    factor bigint,
    PRIMARY KEY (batch_id, record_no)
);

CREATE TABLE stage.lane (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    from_site_code text COLLATE "C",
    to_site_code text COLLATE "C",
    permitted boolean,
    cost numeric,
    currency text,
    transit_days_p50 numeric,
    transit_days_p95 numeric,
    departs_on integer[],
    temperature_min_c numeric,
    temperature_max_c numeric,
    PRIMARY KEY (batch_id, record_no)
);

CREATE TABLE stage.credential (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    kind text,
    number text,
    item_code text COLLATE "C",
    supplier_code text COLLATE "C",
    legal_entity_code text COLLATE "C",
    valid_from date,
    valid_through date,
    PRIMARY KEY (batch_id, record_no)
);

-- A line of a kit's contents beside the kit itself; a kit whose contents nobody told has one line without an item.
-- A line that expects 0 leaves the kit.
CREATE TABLE stage.kit (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    code text COLLATE "C",
    name text,
    kit_item_code text COLLATE "C",
    owner text,
    supplier_code text COLLATE "C",
    location_code text COLLATE "C",
    due_back date,
    state text,
    item_code text COLLATE "C",
    lot_number text COLLATE "C",
    serial_number text COLLATE "C",
    expected_quantity bigint,
    missing_quantity bigint,
    PRIMARY KEY (batch_id, record_no)
);

CREATE TABLE stage.cross_reference (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    system text COLLATE "C",
    kind text,
    their_code text COLLATE "C",
    our_code text COLLATE "C",
    PRIMARY KEY (batch_id, record_no)
);
COMMENT ON COLUMN stage.cross_reference.system IS 'null: the source that tells it';

ALTER TABLE stage.item ADD COLUMN registration_from date;
ALTER TABLE stage.location
ADD COLUMN legal_entity_code text COLLATE "C",
ADD COLUMN latitude numeric,
ADD COLUMN longitude numeric,
ADD COLUMN x_m numeric,
ADD COLUMN y_m numeric,
ADD COLUMN aisle text,
ADD COLUMN pick_sequence integer,
ADD COLUMN temperature_min_c numeric,
ADD COLUMN temperature_max_c numeric;
ALTER TABLE stage.agreement
ADD COLUMN price_ceiling numeric,
ADD COLUMN price_breaks jsonb,
ADD COLUMN minimum_remaining_life_days integer,
ADD COLUMN return_window_days integer,
ADD COLUMN bill_only boolean;
ALTER TABLE stage.lot
ADD COLUMN sterile_until date,
ADD COLUMN udi text,
ADD COLUMN udi_di text COLLATE "C";
COMMENT ON COLUMN stage.lot.udi_di IS 'finds the item of a record that names none';

-- What the source stated in the columns that were brought into our codes and base units, so that it is done once, and
-- done anew when the record comes back from quarantine; with "corrected", a person has taken the record over as it is.
ALTER TABLE stage.supplier ADD COLUMN stated jsonb;
ALTER TABLE stage.item ADD COLUMN stated jsonb;
ALTER TABLE stage.location ADD COLUMN stated jsonb;
ALTER TABLE stage.agreement ADD COLUMN stated jsonb;
ALTER TABLE stage.lot ADD COLUMN stated jsonb;
ALTER TABLE stage.movement ADD COLUMN stated jsonb;
ALTER TABLE stage.purchase_line ADD COLUMN stated jsonb;
ALTER TABLE stage.inspection ADD COLUMN stated jsonb;
ALTER TABLE stage.legal_entity ADD COLUMN stated jsonb;
ALTER TABLE stage.identifier ADD COLUMN stated jsonb;
ALTER TABLE stage.item_unit ADD COLUMN stated jsonb;
ALTER TABLE stage.lane ADD COLUMN stated jsonb;
ALTER TABLE stage.credential ADD COLUMN stated jsonb;
ALTER TABLE stage.kit ADD COLUMN stated jsonb;

-- A record of quarantine as its source stated it, to be resolved anew; one that a person has corrected stays as it is.
CREATE FUNCTION lotwatch.as_stated(record jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN record -> 'stated' ? 'corrected' THEN record
    ELSE record || coalesce(nullif(record -> 'stated', 'null'), '{}') || '{"stated": null}'
END;

-- A record of quarantine with a person's corrections, which are in our codes and base units.
CREATE FUNCTION lotwatch.as_corrected(record jsonb, corrections jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN record || corrections || jsonb_build_object(
    'stated',
    coalesce(nullif(record -> 'stated', 'null'), '{}')
    || (SELECT jsonb_object_agg(c.name, record -> c.name) FROM jsonb_object_keys(corrections) AS c (name))
    || '{"corrected": true}'
);

-- What the gate may rely on beside these tables, as in 006: good records that wait to be posted, the latest for each key.
CREATE OR REPLACE VIEW lotwatch.waiting_item AS
SELECT DISTINCT ON (i.code)
    i.code,
    i.label_lot,
    i.label_serial,
    i.label_expiry,
    i.base_unit
FROM lotwatch.batch AS b
INNER JOIN stage.item AS i ON i.batch_id = b.batch_id
WHERE b.state IN ('staged', 'judged') AND i.errors = '{}'
ORDER BY i.code, i.batch_id DESC, i.record_no DESC;

CREATE VIEW lotwatch.waiting_legal_entity AS
SELECT DISTINCT e.code
FROM lotwatch.batch AS b
INNER JOIN stage.legal_entity AS e ON e.batch_id = b.batch_id
WHERE b.state IN ('staged', 'judged') AND e.errors = '{}';

CREATE VIEW lotwatch.waiting_udi_di AS
SELECT DISTINCT ON (lotwatch.identifier_key(i.udi_di))
    lotwatch.identifier_key(i.udi_di) AS key,
    i.code AS item_code
FROM lotwatch.batch AS b
INNER JOIN stage.item AS i ON i.batch_id = b.batch_id
WHERE b.state IN ('staged', 'judged') AND i.errors = '{}' AND i.udi_di IS NOT NULL
ORDER BY lotwatch.identifier_key(i.udi_di), i.batch_id DESC, i.record_no DESC;

CREATE VIEW lotwatch.waiting_identifier AS
SELECT DISTINCT ON (lotwatch.identifier_key(i.code))
    lotwatch.identifier_key(i.code) AS key,
    i.item_code,
    i.units_contained,
    i.valid_from,
    i.valid_through
FROM lotwatch.batch AS b
INNER JOIN stage.identifier AS i ON i.batch_id = b.batch_id
WHERE b.state IN ('staged', 'judged') AND i.errors = '{}'
ORDER BY lotwatch.identifier_key(i.code), i.batch_id DESC, i.record_no DESC;

CREATE VIEW lotwatch.waiting_item_unit AS
SELECT DISTINCT ON (u.item_code, u.unit)
    u.item_code,
    u.unit,
    u.factor
FROM lotwatch.batch AS b
INNER JOIN stage.item_unit AS u ON u.batch_id = b.batch_id
WHERE b.state IN ('staged', 'judged') AND u.errors = '{}'
ORDER BY u.item_code, u.unit, u.batch_id DESC, u.record_no DESC;

CREATE VIEW lotwatch.waiting_cross_reference AS
SELECT DISTINCT ON (coalesce(x.system, b.source), x.kind, x.their_code)
    coalesce(x.system, b.source) AS system,
    x.kind,
    x.their_code,
    x.our_code
FROM lotwatch.batch AS b
INNER JOIN stage.cross_reference AS x ON x.batch_id = b.batch_id
WHERE b.state IN ('staged', 'judged') AND x.errors = '{}'
ORDER BY coalesce(x.system, b.source), x.kind, x.their_code, x.batch_id DESC, x.record_no DESC;

-- Looked up by EXISTS, not joined: a source may have told an event in several waiting batches.
CREATE VIEW lotwatch.waiting_movement AS
SELECT
    b.source,
    m.source_key
FROM lotwatch.batch AS b
INNER JOIN stage.movement AS m ON m.batch_id = b.batch_id
WHERE b.state IN ('staged', 'judged') AND m.errors = '{}';

-- Master data: items, parties, places and how other systems name them.

CREATE TABLE lotwatch.supplier (
    supplier_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE,
    name text NOT NULL,
    email text,
    blocked boolean NOT NULL DEFAULT false,
    active boolean NOT NULL DEFAULT true
);

CREATE TABLE lotwatch.item (
    item_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE,
    name text NOT NULL,
    category text,
    legal_manufacturer text,
    device_class text,
    criticality text NOT NULL DEFAULT 'standard' CHECK (criticality IN ('life_supporting', 'critical', 'standard')),
    label_lot boolean NOT NULL,
    label_serial boolean NOT NULL,
    label_expiry boolean NOT NULL,
    base_unit text NOT NULL,
    unit_cost numeric(18, 4),
    storage_min_c numeric(5, 1),
    storage_max_c numeric(5, 1),
    registration_number text,
    active boolean NOT NULL DEFAULT true
);

CREATE TABLE lotwatch.item_identifier (
    agency text NOT NULL CHECK (agency IN ('GS1', 'HIBCC', 'ICCBBA', 'MA', 'AHM', 'NATIONAL')),
    code text COLLATE "C" NOT NULL,
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    package_level text NOT NULL DEFAULT 'unit',
    units_contained integer NOT NULL DEFAULT 1 CHECK (units_contained > 0),
    PRIMARY KEY (agency, code)
);

-- Registrations, licences and authorisations: without one in force nothing is ordered.
CREATE TABLE lotwatch.credential (
    credential_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('registration', 'licence', 'authorisation')),
    number text NOT NULL,
    item_id bigint REFERENCES lotwatch.item,
    supplier_id bigint REFERENCES lotwatch.supplier,
    valid_through date NOT NULL,
    UNIQUE NULLS NOT DISTINCT (kind, number, item_id, supplier_id)
);

CREATE TABLE lotwatch.supplier_agreement (
    supplier_id bigint NOT NULL REFERENCES lotwatch.supplier,
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    price numeric(18, 4) NOT NULL CHECK (price >= 0),
    currency text NOT NULL,
    minimum_order_quantity bigint NOT NULL DEFAULT 1 CHECK (minimum_order_quantity > 0),
    order_multiple bigint NOT NULL DEFAULT 1 CHECK (order_multiple > 0),
    lead_time_days integer NOT NULL CHECK (lead_time_days >= 0),
    PRIMARY KEY (item_id, supplier_id)
);

-- A tree: network, region, site, department, bin. The outside world is locations too.
-- Stock in a location takes its status and owner from it where the owning system says it that way.
CREATE TABLE lotwatch.location (
    location_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text COLLATE "C" NOT NULL UNIQUE,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN (
        'network', 'region', 'site', 'department', 'bin',
        'supplier', 'in_transit', 'patient', 'scrap', 'adjustment'
    )),
    parent_id bigint REFERENCES lotwatch.location,
    site_id bigint REFERENCES lotwatch.location,
    region text,
    time_zone text NOT NULL DEFAULT 'UTC',
    supplied_by text CHECK (supplied_by IN ('supplier', 'transfer')),
    status text NOT NULL DEFAULT 'unrestricted' CHECK (status IN ('unrestricted', 'inspection', 'blocked')),
    owner text NOT NULL DEFAULT 'own' CHECK (owner IN ('own', 'consigned', 'loaned')),
    active boolean NOT NULL DEFAULT true
);
COMMENT ON COLUMN lotwatch.location.supplied_by IS
'for a site: bought for from suppliers, or supplied by transfer from a distribution centre';
CREATE INDEX location_site ON lotwatch.location (site_id);

CREATE TABLE lotwatch.lot (
    lot_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    number text COLLATE "C" NOT NULL,
    manufactured_on date,
    usable_through date,
    UNIQUE (item_id, number)
);
COMMENT ON COLUMN lotwatch.lot.usable_through IS 'the last day of use, inclusive, in the site''s zone';

CREATE TABLE lotwatch.serial_unit (
    serial_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    number text COLLATE "C" NOT NULL,
    lot_id bigint REFERENCES lotwatch.lot,
    manufactured_on date,
    usable_through date,
    UNIQUE (item_id, number)
);

-- Budget of a site (its cost centre) for a calendar month.
CREATE TABLE lotwatch.budget (
    site_id bigint NOT NULL REFERENCES lotwatch.location,
    period date NOT NULL CHECK (extract(DAY FROM period) = 1),
    amount numeric(18, 2) NOT NULL CHECK (amount >= 0),
    currency text NOT NULL,
    PRIMARY KEY (site_id, period)
);

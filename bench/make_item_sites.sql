-- The item-sites of the benchmark: who keeps which item, how much is used each time, how much stays of each lot.
-- Everything staged is derived from them by arithmetic, so that every run works on the same data.
CREATE SCHEMA bench;
GRANT USAGE ON SCHEMA bench TO lotwatch_app;

CREATE TABLE bench.item_site (
    number integer PRIMARY KEY,
    item_number integer NOT NULL,
    item_code text COLLATE "C" NOT NULL,
    supplier_code text COLLATE "C" NOT NULL,
    site_code text COLLATE "C" NOT NULL,
    bought boolean NOT NULL,
    usage bigint NOT NULL,
    stays bigint[] NOT NULL
);
COMMENT ON COLUMN bench.item_site.bought IS 'from a supplier; else supplied by transfer';
COMMENT ON COLUMN bench.item_site.usage IS 'base units used each time';
COMMENT ON COLUMN bench.item_site.stays IS 'of the first, second and third lot, in multiples of usage';
GRANT SELECT ON bench.item_site TO lotwatch_app;

-- What the least that storing movements can cost is measured on: no log, no index, no constraint.
CREATE UNLOGGED TABLE bench.movement (LIKE lotwatch.movement);

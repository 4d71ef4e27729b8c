-- The item-sites of the benchmark: who keeps which item, how much is used each time, how much stays of each lot.
-- Everything else is derived from them by arithmetic, so that every run works on the same data.
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
    stays bigint[] NOT NULL,
    item_id bigint,
    lot_ids bigint[]
) WITH (fillfactor = 50);
COMMENT ON COLUMN bench.item_site.bought IS 'from a supplier; else supplied by transfer';
COMMENT ON COLUMN bench.item_site.usage IS 'base units used each time';
COMMENT ON COLUMN bench.item_site.stays IS 'of the first, second and third lot, in multiples of usage';
COMMENT ON COLUMN bench.item_site.lot_ids IS 'its three lots, once they are known';
GRANT SELECT, UPDATE ON bench.item_site TO lotwatch_app;

-- What happened at each of them: three lots received, the first used seven times and the second ten times.
CREATE TABLE bench.event (
    number integer PRIMARY KEY,
    lot integer NOT NULL,
    used boolean NOT NULL,
    uses integer NOT NULL,
    bin text NOT NULL,
    days_ago integer NOT NULL
);
COMMENT ON COLUMN bench.event.uses IS 'how often what is received will be used';
COMMENT ON COLUMN bench.event.days_ago IS 'at the latest; up to eighteen days fewer';
INSERT INTO bench.event (number, lot, used, uses, bin, days_ago)
VALUES
(1, 1, false, 7, '', 390),
(2, 2, false, 10, '/STORE', 265),
(3, 3, false, 0, '', 60);
INSERT INTO bench.event (number, lot, used, uses, bin, days_ago)
SELECT
    3 + n.number,
    CASE WHEN n.number <= 7 THEN 1 ELSE 2 END,
    true,
    0,
    CASE WHEN n.number <= 7 THEN '' ELSE '/STORE' END,
    CASE WHEN n.number <= 7 THEN 392 - 17 * n.number ELSE 464 - 26 * n.number END
FROM generate_series(1, 17) AS n (number);
ANALYZE bench.event;

-- What the least that storing movements can cost is measured on: no log, no index, no constraint.
CREATE UNLOGGED TABLE bench.movement (LIKE lotwatch.movement);

-- Shortages over 200 sites, made at once: of each item twenty sites have none and twelve can give, and one in three of what they
-- have ends soon; an alert for each shortage, suppliers with price breaks, and lanes between one pair of sites in seven.
WITH site AS (
    INSERT INTO lotwatch.location (location_id, site_id, code, name, kind, region, time_zone, supplied_by)
    OVERRIDING SYSTEM VALUE
    SELECT
        9000000 + n.number,
        9000000 + n.number,
        'FLOW-' || n.number,
        'FLOW-' || n.number,
        'site',
        'FLOW-REGION-' || mod(n.number, 8),
        'Asia/Shanghai',
        'supplier'
    FROM generate_series(0, 199) AS n (number)
),

supplier AS (
    INSERT INTO lotwatch.supplier (supplier_id, code, name)
    OVERRIDING SYSTEM VALUE
    SELECT
        9000000 + n.number,
        'FLOW-' || n.number,
        'FLOW-' || n.number
    FROM generate_series(0, 49) AS n (number)
),

lane AS (
    INSERT INTO lotwatch.lane (from_site_id, to_site_id, permitted, cost, currency, transit_days_p50, transit_days_p95)
    SELECT
        9000000 + origin.number,
        9000000 + other.number,
        TRUE,
        30,
        'EUR',
        1,
        1 + mod(origin.number + other.number, 3)
    FROM generate_series(0, 199) AS origin (number)
    CROSS JOIN generate_series(0, 199) AS other (number)
    WHERE origin.number <> other.number AND mod(origin.number * 31 + other.number * 17, 7) = 0
),

item AS (
    INSERT INTO lotwatch.item (item_id, code, name, label_lot, label_serial, label_expiry, base_unit, unit_cost)
    OVERRIDING SYSTEM VALUE
    SELECT
        9000000 + n.number,
        'FLOW-' || n.number,
        'FLOW-' || n.number,
        TRUE,
        FALSE,
        TRUE,
        'u',
        5 + mod(n.number, 195)
    FROM generate_series(0, %(items)s - 1) AS n (number)
),

agreement AS (
    INSERT INTO lotwatch.supplier_agreement (
        supplier_id, item_id, price, currency, minimum_order_quantity, order_multiple, lead_time_days, price_breaks
    )
    SELECT
        9000000 + mod(n.number, 50),
        9000000 + n.number,
        5 + mod(n.number, 195),
        'EUR',
        1 + mod(n.number, 10),
        1 + mod(n.number, 5),
        10,
        jsonb_build_array(jsonb_build_object('quantity', 100, 'price', (5 + mod(n.number, 195)) * 0.95))
    FROM generate_series(0, %(items)s - 1) AS n (number)
),

known AS (
    SELECT
        9000000 + item.number AS item_id,
        9000000 + mod(item.number * 37 + place.number * 11, 200) AS site_id,
        item.number * 12 + place.number - 20 AS lot_number,
        place.number < 20 AS short,
        1 + mod(item.number + place.number, 4) AS usage,
        mod(item.number * 7 + place.number, 100) AS spread
    FROM generate_series(0, %(items)s - 1) AS item (number)
    CROSS JOIN generate_series(0, 31) AS place (number)
),

policy AS (
    INSERT INTO lotwatch.policy (
        item_id, site_id, valid_from, average_daily_usage, lead_time_days, safety_stock, reorder_point, target_level,
        max_level, method, inputs, reason, set_by
    )
    SELECT
        item_id,
        site_id,
        %(as_of)s::timestamptz - interval '1 day',
        usage,
        10,
        usage * 5,
        usage * 15,
        usage * 25,
        usage * 60,
        'bench',
        '{}',
        'bench',
        'bench'
    FROM known
),

lot AS (
    INSERT INTO lotwatch.lot (lot_id, item_id, number, usable_through)
    OVERRIDING SYSTEM VALUE
    SELECT
        9000000 + lot_number,
        item_id,
        'L' || lot_number,
        %(as_of)s::date + CASE WHEN mod(spread, 3) = 0 THEN 10 + spread ELSE 700 END
    FROM known
    WHERE NOT short
),

position AS (
    INSERT INTO lotwatch.position (item_id, location_id, lot_id, serial_id, owner, status, quantity)
    SELECT
        item_id,
        site_id,
        9000000 + lot_number,
        0,
        'own',
        'unrestricted',
        usage * 25 + spread
    FROM known
    WHERE NOT short
)

INSERT INTO lotwatch.alert (
    rule_id, subject_kind, subject_key, rule_version, severity, subject, evidence, first_seen, last_seen
)
SELECT
    'stockout_risk',
    'item_site',
    'FLOW-' || (item_id - 9000000) || '@FLOW-' || (site_id - 9000000),
    'bench',
    'critical',
    jsonb_build_object('item_id', item_id, 'site_id', site_id),
    '{}',
    %(as_of)s AS first_seen,
    %(as_of)s AS last_seen
FROM known
WHERE short;

-- What is wanted of twenty sites with two hundred bins each: for each line an item of its own there, in two lots in two bins, of which
-- the line takes the first to end and some of the other. Ten lines are an order; one order in fifty is an emergency.
WITH place AS (
    INSERT INTO lotwatch.location (
        location_id, site_id, parent_id, code, name, kind, region, time_zone, supplied_by, x_m, y_m
    )
    OVERRIDING SYSTEM VALUE
    SELECT
        9100000 + n.site * 1000 + n.bin,
        9100000 + n.site * 1000,
        CASE WHEN n.bin > 0 THEN 9100000 + n.site * 1000 END,
        'WAVE-' || n.site || '/' || n.bin,
        'WAVE-' || n.site || '/' || n.bin,
        CASE WHEN n.bin > 0 THEN 'bin' ELSE 'site' END,
        NULL,
        'Asia/Shanghai',
        CASE WHEN n.bin = 0 THEN 'supplier' END,
        (mod(n.bin, 20) * 3)::numeric,
        (n.bin / 20 * 1.2)::numeric
    FROM (
        SELECT
            site.number AS site,
            bin.number AS bin
        FROM generate_series(0, 19) AS site (number)
        CROSS JOIN generate_series(0, 200) AS bin (number)
    ) AS n
),

item AS (
    INSERT INTO lotwatch.item (item_id, code, name, label_lot, label_serial, label_expiry, base_unit, unit_cost)
    OVERRIDING SYSTEM VALUE
    SELECT
        9100000 + n.number,
        'WAVE-' || n.number,
        'WAVE-' || n.number,
        TRUE,
        FALSE,
        TRUE,
        'u',
        5 + mod(n.number, 195)
    FROM generate_series(0, %(lines)s / 20 - 1) AS n (number)
),

known AS (
    SELECT
        item.number AS item,
        site.number AS site,
        item.number * 20 + site.number AS line
    FROM generate_series(0, %(lines)s / 20 - 1) AS item (number)
    CROSS JOIN generate_series(0, 19) AS site (number)
),

shelf AS (
    SELECT
        known.*,
        part.number AS part
    FROM known
    CROSS JOIN generate_series(0, 1) AS part (number)
),

lot AS (
    INSERT INTO lotwatch.lot (lot_id, item_id, number, usable_through)
    OVERRIDING SYSTEM VALUE
    SELECT
        9100000 + line * 2 + part,
        9100000 + item,
        'W' || (line * 2 + part),
        %(as_of)s::date + 200 + 100 * part
    FROM shelf
),

position AS (
    INSERT INTO lotwatch.position (item_id, location_id, lot_id, serial_id, owner, status, quantity)
    SELECT
        9100000 + item,
        9100000 + site * 1000 + 1 + mod(item * 7 + part * 91, 200),
        9100000 + line * 2 + part,
        0,
        'own',
        'unrestricted',
        5
    FROM shelf
),

demand AS (
    INSERT INTO lotwatch.demand_order (
        demand_order_id, source, source_key, number, kind, site_id, priority, ordered_at
    )
    OVERRIDING SYSTEM VALUE
    SELECT
        9100000 + site * 100000 + item / 10,
        'bench',
        'WAVE-' || site || '-' || item / 10,
        'WAVE-' || site || '-' || item / 10,
        'customer',
        9100000 + site * 1000,
        CASE WHEN mod(item / 10, 50) = 0 THEN 'emergency' ELSE 'routine' END,
        %(as_of)s::timestamptz - interval '1 hour'
    FROM known
    GROUP BY site, item / 10
)

INSERT INTO lotwatch.demand_order_line (
    source, source_key, demand_order_id, item_id, site_id, quantity, need_by, state
)
SELECT
    'bench',
    'WAVE-' || known.line,
    9100000 + known.site * 100000 + known.item / 10,
    9100000 + known.item,
    9100000 + known.site * 1000,
    3 + mod(known.item, 6),
    %(as_of)s::date,
    'open'
FROM known;

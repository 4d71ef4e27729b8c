-- A year of each item-site of a slice: three lots received, the first two used, seven times in all.
INSERT INTO stage.movement (
    batch_id, source_key, raw, errors, item_code, lot_number, from_location, to_location, quantity,
    order_line_key, occurred_at
)
SELECT
    %(batch_id)s,
    known.number || '-' || event.number,
    jsonb_build_object('id', known.number, 'event', event.number, 'product', known.item_code, 'state', 'done'),
    '{}',
    known.item_code,
    known.number || '-' || event.lot,
    CASE WHEN event.used THEN known.site_code || event.bin ELSE 'VENDOR' END,
    CASE
        WHEN event.used THEN 'PATIENT'
        WHEN event.lot = 3 AND mod(known.number, 10) = 3 THEN known.site_code || '/QC'
        ELSE known.site_code || event.bin
    END,
    CASE WHEN event.used THEN known.usage ELSE known.usage * (event.uses + known.stays[event.lot]) END,
    CASE WHEN known.bought AND NOT event.used THEN known.number || '-' || event.lot END,
    %(as_of)s::timestamptz - make_interval(days => event.days_ago - mod(known.number, 19))
FROM bench.item_site AS known
CROSS JOIN (
    VALUES
    (1, 1, false, 4, '', 350),
    (2, 2, false, 3, '/STORE', 200),
    (3, 3, false, 0, '', 60),
    (4, 1, true, 0, '', 320),
    (5, 1, true, 0, '', 270),
    (6, 1, true, 0, '', 230),
    (7, 1, true, 0, '', 190),
    (8, 2, true, 0, '/STORE', 120),
    (9, 2, true, 0, '/STORE', 70),
    (10, 2, true, 0, '/STORE', 20)
) AS event (number, lot, used, uses, bin, days_ago)
WHERE known.number >= %(first)s AND known.number < %(past)s;

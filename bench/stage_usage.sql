-- New movements, `count` of them from number `first` on, spread over all item-sites: one piece of the last lot used.
INSERT INTO stage.movement (
    batch_id, source_key, raw, errors, item_code, lot_number, from_location, to_location, quantity, occurred_at
)
SELECT
    %(batch_id)s,
    'usage-' || n.number,
    jsonb_build_object('id', n.number, 'product', known.item_code, 'state', 'done'),
    '{}',
    known.item_code,
    known.number || '-3',
    known.site_code || CASE WHEN mod(known.number, 10) = 3 THEN '/QC' ELSE '' END,
    'PATIENT',
    1,
    %(as_of)s::timestamptz - make_interval(mins => mod(n.number, 1000)::integer)
FROM generate_series(%(first)s::bigint, %(first)s::bigint + %(count)s::bigint - 1) AS n (number)
INNER JOIN bench.item_site AS known ON known.number = mod(n.number * 7919, %(rows)s);

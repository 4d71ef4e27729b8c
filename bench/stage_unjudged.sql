-- New movements that the gate has not seen, one for each item-site; one in a hundred is bad in one of four ways.
INSERT INTO stage.movement (
    batch_id, source_key, raw, item_code, lot_number, from_location, to_location, quantity, occurred_at
)
SELECT
    %(batch_id)s,
    'unjudged-' || known.number,
    jsonb_build_object('id', known.number, 'product', known.item_code, 'state', 'done'),
    known.item_code || CASE mod(known.number, 400) WHEN 101 THEN '?' ELSE '' END,
    known.number || '-' || CASE mod(known.number, 400) WHEN 202 THEN 9 ELSE 3 END,
    known.site_code,
    'PATIENT',
    CASE mod(known.number, 400) WHEN 303 THEN 0 WHEN 4 THEN NULL ELSE 1 END,
    %(as_of)s::timestamptz - interval '1 hour'
FROM bench.item_site AS known
ORDER BY known.number;

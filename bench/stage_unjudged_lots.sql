-- New lots that the gate has not seen, so many for each item-site; one in a hundred is bad in one of four ways.
INSERT INTO stage.lot (
    batch_id, source_key, raw, item_code, lot_number, manufactured_on, usable_through
)
SELECT
    %(batch_id)s,
    'unjudged-' || known.number || '-' || lot.number,
    jsonb_build_object('id', known.number, 'product', known.item_code, 'number', lot.number),
    known.item_code || CASE mod(known.number + lot.number, 400) WHEN 101 THEN '?' ELSE '' END,
    CASE mod(known.number + lot.number, 400) WHEN 202 THEN ' ' ELSE '' END || known.number || '-N' || lot.number,
    %(as_of)s::date - 100 + CASE mod(known.number + lot.number, 400) WHEN 303 THEN 2000 ELSE 0 END,
    CASE mod(known.number + lot.number, 400) WHEN 4 THEN '9999-12-31' ELSE %(as_of)s::date + 700 END
FROM bench.item_site AS known
CROSS JOIN generate_series(1, %(each)s) AS lot (number)
ORDER BY known.number, lot.number;

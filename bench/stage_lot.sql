-- Three lots of each item-site of a slice: some three in a hundred have expired, some five will within 60 days.
INSERT INTO stage.lot (
    batch_id, source_key, raw, errors, item_code, lot_number, manufactured_on, usable_through
)
SELECT
    %(batch_id)s,
    known.number || '-' || lot.number,
    '{}',
    '{}',
    known.item_code,
    known.number || '-' || lot.number,
    %(as_of)s::date - 500,
    %(as_of)s::date - 30 + mod(known.number * 37 + lot.number * 311, 1100)
FROM bench.item_site AS known
CROSS JOIN generate_series(1, 3) AS lot (number)
WHERE known.number >= %(first)s AND known.number < %(past)s;

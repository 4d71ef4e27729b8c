-- The items of a slice of item-sites.
INSERT INTO stage.item (
    batch_id, source_key, raw, errors, code, name, category, criticality,
    label_lot, label_serial, label_expiry, base_unit, unit_cost, active
)
SELECT
    %(batch_id)s,
    known.item_code AS source_key,
    '{}',
    '{}',
    known.item_code,
    'Device ' || known.item_number AS name,
    'CATEGORY-' || mod(known.item_number, 40),
    (ARRAY['standard', 'standard', 'critical', 'life_supporting'])[1 + mod(known.item_number, 4)],
    true,
    false,
    true,
    'piece',
    5 + mod(known.item_number, 400),
    true
FROM bench.item_site AS known
WHERE known.number >= %(first)s AND known.number < %(past)s AND mod(known.number, 20) = 0;

-- The orders by which the bought lots of a slice came, and one open line in eight, some of them late.
INSERT INTO stage.purchase_line (
    batch_id, source_key, raw, errors, order_number, order_state, supplier_code, site_code, item_code,
    quantity, unit_price, currency, ordered_on, requested_on, promised_on
)
SELECT
    %(batch_id)s,
    known.number || '-' || line.number,
    '{}',
    '{}',
    'PO-' || known.number || '-' || line.number,
    line.state,
    known.supplier_code,
    known.site_code,
    known.item_code,
    known.usage * (line.uses + coalesce(known.stays[line.number], 0)),
    5 + mod(known.item_number, 400),
    'CNY',
    due.day - 10 - mod(known.number + line.number, 15),
    due.day AS requested_on,
    due.day AS promised_on
FROM bench.item_site AS known
CROSS JOIN (VALUES (1, 'done', 7, 390), (2, 'done', 10, 265), (3, 'done', 0, 60), (4, 'open', 3, 10))
    AS line (number, state, uses, days_ago)
CROSS JOIN LATERAL (SELECT %(as_of)s::date - line.days_ago + mod(known.number, 19) AS day) AS due
WHERE
    known.number >= %(first)s AND known.number < %(past)s AND known.bought
    AND (line.state = 'done' OR mod(known.item_number, 8) = 1);

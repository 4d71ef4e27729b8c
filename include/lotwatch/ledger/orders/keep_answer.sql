-- Keep what a supplier said, part by part, each once.
INSERT INTO lotwatch.order_confirmation (
    portal, answer_number, issued_at, order_number, supplier_id, line_number, item_code, item_id, part, state, quantity,
    promised_on, unit_price, reason
)
SELECT
    %(portal)s,
    %(answer_number)s,
    %(issued_at)s,
    %(order_number)s,
    supplier.supplier_id,
    said.line_number,
    said.named,
    item.item_id,
    said.part,
    said.state,
    said.quantity,
    said.promised_on,
    said.unit_price,
    said.reason
FROM
    unnest(
        %(line_number)s::integer[], %(named)s::text[], %(item_code)s::text[], %(part)s::integer[], %(state)s::text[],
        %(quantity)s::bigint[], %(promised_on)s::date[], %(unit_price)s::numeric[], %(reason)s::text[]
    ) AS said (line_number, named, item_code, part, state, quantity, promised_on, unit_price, reason)
LEFT JOIN lotwatch.supplier AS supplier ON supplier.code = %(supplier_code)s
LEFT JOIN lotwatch.item AS item ON said.item_code = item.code
ON CONFLICT (portal, answer_number, issued_at, order_number, line_number, item_code, part) DO NOTHING;

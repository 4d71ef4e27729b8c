-- Whose order lines are these?
SELECT DISTINCT ON (line.source_key)
    line.source_key,
    line.order_number,
    line.order_reference,
    supplier.code AS supplier_code,
    supplier.name AS supplier_name
FROM lotwatch.purchase_order_line AS line
INNER JOIN lotwatch.supplier AS supplier ON line.supplier_id = supplier.supplier_id
WHERE line.source_key = ANY(%(order_line_keys)s::text[])
ORDER BY line.source_key, line.source;

-- What was ordered under a number, as the ERP has it? Of two suppliers' orders with one number, nothing is known.
SELECT
    supplier.code AS supplier_code,
    item.code AS item_code,
    sum(line.quantity)::bigint AS quantity
FROM lotwatch.purchase_order_line AS line
INNER JOIN lotwatch.supplier AS supplier ON line.supplier_id = supplier.supplier_id
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
WHERE
    line.order_number = %(order_number)s AND line.state <> 'cancelled'
    AND NOT EXISTS (
        SELECT 1 FROM lotwatch.purchase_order_line AS other
        WHERE other.order_number = line.order_number AND other.supplier_id <> line.supplier_id
    )
GROUP BY supplier.code, item.code
ORDER BY item.code;

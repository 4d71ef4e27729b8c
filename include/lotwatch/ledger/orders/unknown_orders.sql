-- Which orders that a portal answered before anybody knew of them does the ERP know by now, and whose are they?
SELECT DISTINCT
    answer.order_number,
    supplier.code AS supplier_code
FROM lotwatch.order_confirmation AS answer
INNER JOIN lotwatch.purchase_order_line AS line ON answer.order_number = line.order_number
INNER JOIN lotwatch.supplier AS supplier ON line.supplier_id = supplier.supplier_id
WHERE answer.portal = %(portal)s AND answer.supplier_id IS NULL
ORDER BY answer.order_number;

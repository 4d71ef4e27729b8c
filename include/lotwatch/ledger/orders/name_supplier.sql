-- The order is known now: the answers to it are this supplier's, and their items are found by their codes.
UPDATE lotwatch.order_confirmation AS answer
SET
    supplier_id = supplier.supplier_id,
    item_id = coalesce(answer.item_id, (
        SELECT item.item_id FROM lotwatch.item AS item
        WHERE item.code = answer.item_code
    ))
FROM lotwatch.supplier AS supplier
WHERE
    answer.portal = %(portal)s AND answer.order_number = %(order_number)s AND answer.supplier_id IS NULL
    AND supplier.code = %(supplier_code)s;

-- Which order line does a delivery line fulfil that names only the order? The one line of that order with its item: where
-- there are several, nobody knows.
UPDATE stage.delivery_line AS line
SET order_line_key = found.order_line_key
FROM (
    SELECT
        staged.record_no,
        min(ordered.source_key) AS order_line_key
    FROM stage.delivery_line AS staged
    INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
    INNER JOIN lotwatch.purchase_order_line AS ordered
        ON
            item.item_id = ordered.item_id
            AND (staged.order_number = ordered.order_number OR staged.order_number = ordered.order_reference)
    WHERE
        staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND staged.order_line_key IS NULL
        AND staged.order_number IS NOT NULL
    GROUP BY staged.record_no
    HAVING count(*) = 1
) AS found
WHERE line.batch_id = %(batch_id)s AND line.record_no = found.record_no;

-- Of which order lines is the sum of receipts not what the movements say?
WITH summed AS (
    SELECT
        order_line_key,
        sum(quantity)::bigint AS quantity
    FROM lotwatch.order_line_movement
    GROUP BY order_line_key
)

SELECT
    'receipt' AS "check",
    coalesce(summed.order_line_key, receipt.order_line_key) AS subject,
    coalesce(receipt.quantity, 0) AS found,
    coalesce(summed.quantity, 0) AS expected
FROM summed
FULL JOIN lotwatch.order_line_receipt AS receipt ON summed.order_line_key = receipt.order_line_key
WHERE coalesce(summed.quantity, 0) <> coalesce(receipt.quantity, 0)
ORDER BY subject;

-- What came of each order line, as the movements say.
MERGE INTO lotwatch.order_line_receipt AS receipt
USING (
    SELECT
        order_line_key,
        sum(quantity)::bigint AS quantity
    FROM lotwatch.order_line_movement
    GROUP BY order_line_key
) AS summed
    ON receipt.order_line_key = summed.order_line_key
WHEN MATCHED AND receipt.quantity <> summed.quantity THEN UPDATE SET quantity = summed.quantity
WHEN NOT MATCHED THEN INSERT (order_line_key, quantity) VALUES (summed.order_line_key, summed.quantity)
WHEN NOT MATCHED BY SOURCE AND receipt.quantity <> 0 THEN UPDATE SET quantity = 0;

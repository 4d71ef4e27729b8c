-- What came of each order line, as the movements say.
MERGE INTO lotwatch.order_line_receipt AS receipt
USING (
    SELECT
        movement.order_line_key,
        sum(CASE WHEN destination.kind = 'supplier' THEN -movement.quantity ELSE movement.quantity END)::bigint AS quantity
    FROM lotwatch.movement AS movement
    INNER JOIN lotwatch.location AS destination ON movement.to_location_id = destination.location_id
    WHERE movement.order_line_key IS NOT NULL
    GROUP BY movement.order_line_key
) AS summed
    ON receipt.order_line_key = summed.order_line_key
WHEN MATCHED AND receipt.quantity <> summed.quantity THEN UPDATE SET quantity = summed.quantity
WHEN NOT MATCHED THEN INSERT (order_line_key, quantity) VALUES (summed.order_line_key, summed.quantity)
WHEN NOT MATCHED BY SOURCE AND receipt.quantity <> 0 THEN UPDATE SET quantity = 0;

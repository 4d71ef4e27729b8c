-- Which documents does a batch bring? Most bring none, and looking for each costs more than a movement.
SELECT 'purchase_line' AS entity
WHERE
    EXISTS (
        SELECT 1 FROM stage.purchase_line AS staged
        WHERE staged.batch_id = %(batch_id)s
    )
UNION ALL
SELECT 'invoice_line' AS entity
WHERE
    EXISTS (
        SELECT 1 FROM stage.invoice_line AS staged
        WHERE staged.batch_id = %(batch_id)s
    )
UNION ALL
SELECT 'demand_line' AS entity
WHERE
    EXISTS (
        SELECT 1 FROM stage.demand_line AS staged
        WHERE staged.batch_id = %(batch_id)s
    )
UNION ALL
SELECT 'allocation' AS entity
WHERE
    EXISTS (
        SELECT 1 FROM stage.allocation AS staged
        WHERE staged.batch_id = %(batch_id)s
    )
UNION ALL
SELECT 'delivery_line' AS entity
WHERE
    EXISTS (
        SELECT 1 FROM stage.delivery_line AS staged
        WHERE staged.batch_id = %(batch_id)s
    )
UNION ALL
SELECT 'inspection' AS entity
WHERE
    EXISTS (
        SELECT 1 FROM stage.inspection AS staged
        WHERE staged.batch_id = %(batch_id)s
    )
UNION ALL
SELECT 'quality_alert' AS entity
WHERE
    EXISTS (
        SELECT 1 FROM stage.quality_alert AS staged
        WHERE staged.batch_id = %(batch_id)s
    )
UNION ALL
SELECT 'stock_level' AS entity
WHERE
    EXISTS (
        SELECT 1 FROM stage.stock_level AS staged
        WHERE staged.batch_id = %(batch_id)s
    );

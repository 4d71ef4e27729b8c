-- What did the books say when it was counted? By what is known now: what is there, less what came and went since. Of an
-- opening, what is on the books and was not listed is not there.
MERGE INTO lotwatch.stocktake_line AS line
USING (
    WITH place AS (
        SELECT place.location_id
        FROM lotwatch.stocktake AS stocktake
        INNER JOIN lotwatch.location AS place
            ON
                stocktake.site_id = place.site_id
                AND (
                    stocktake.kind = 'opening'
                    OR EXISTS (
                        SELECT 1 FROM lotwatch.stocktake_line AS line
                        WHERE line.stocktake_id = stocktake.stocktake_id AND line.location_id = place.location_id
                    )
                )
        WHERE stocktake.stocktake_id = %(stocktake_id)s
    ),

    later AS (
        SELECT
            side.item_id,
            side.location_id,
            side.lot_id,
            side.serial_id,
            side.owner,
            side.status,
            sum(side.quantity)::bigint AS quantity
        FROM lotwatch.movement_side AS side
        INNER JOIN place ON side.location_id = place.location_id
        WHERE
            side.occurred_at >= (
                SELECT stocktake.counted_at FROM lotwatch.stocktake AS stocktake
                WHERE stocktake.stocktake_id = %(stocktake_id)s
            )
        GROUP BY side.item_id, side.location_id, side.lot_id, side.serial_id, side.owner, side.status
    ),

    books AS (
        SELECT
            kept.item_id,
            kept.location_id,
            kept.lot_id,
            kept.serial_id,
            kept.owner,
            kept.status,
            kept.quantity - coalesce(later.quantity, 0) AS quantity
        FROM lotwatch.position AS kept
        INNER JOIN place ON kept.location_id = place.location_id
        LEFT JOIN later
            ON
                kept.item_id = later.item_id AND kept.location_id = later.location_id AND kept.lot_id = later.lot_id
                AND kept.serial_id = later.serial_id AND kept.owner = later.owner AND kept.status = later.status
    )

    SELECT
        stocktake.stocktake_id,
        stocktake.kind,
        books.*
    FROM lotwatch.stocktake AS stocktake
    CROSS JOIN books
    WHERE stocktake.stocktake_id = %(stocktake_id)s
) AS known
    ON
        line.stocktake_id = known.stocktake_id AND line.item_id = known.item_id
        AND line.location_id = known.location_id AND line.lot_id = known.lot_id
        AND line.serial_id = known.serial_id AND line.owner = known.owner AND line.status = known.status
WHEN MATCHED AND line.expected <> known.quantity THEN UPDATE SET expected = known.quantity
WHEN NOT MATCHED AND known.kind = 'opening' AND known.quantity <> 0 THEN
    INSERT (stocktake_id, item_id, location_id, lot_id, serial_id, owner, status, counted, expected)
    VALUES (
        known.stocktake_id, known.item_id, known.location_id, known.lot_id, known.serial_id, known.owner,
        known.status, 0, known.quantity
    );

-- Counts as they were taken: a stocktake for each number, its lines summed by position. Which are open to a decision?
-- Read again before it is decided, a count replaces itself; decided, it stays as it was.
WITH told AS (
    SELECT
        batch.source,
        staged.number,
        staged.kind,
        staged.counted_at,
        staged.counted_by,
        site.location_id AS site_id,
        item.item_id,
        place.location_id,
        CASE WHEN serial_unit.serial_id IS NULL THEN coalesce(lot.lot_id, 0) ELSE 0 END AS lot_id,
        coalesce(serial_unit.serial_id, 0) AS serial_id,
        coalesce(staged.owner, place.owner) AS owner,
        coalesce(staged.status, place.status) AS status,
        staged.quantity::bigint AS quantity
    FROM stage.count AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    INNER JOIN lotwatch.location AS site ON staged.site_code = site.code
    INNER JOIN lotwatch.location AS place ON staged.location_code = place.code
    INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
    LEFT JOIN lotwatch.lot AS lot ON item.item_id = lot.item_id AND staged.lot_number = lot.number
    LEFT JOIN lotwatch.serial_unit AS serial_unit
        ON item.item_id = serial_unit.item_id AND staged.serial_number = serial_unit.number
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
),

header AS (
    INSERT INTO lotwatch.stocktake AS known (source, number, kind, site_id, counted_at, counted_by)
    SELECT DISTINCT ON (source, number)
        source,
        number,
        kind,
        site_id,
        counted_at,
        counted_by
    FROM told
    ORDER BY source, number
    ON CONFLICT (source, number) DO UPDATE
        SET counted_at = excluded.counted_at, counted_by = excluded.counted_by
        WHERE known.state = 'proposed'
    RETURNING stocktake_id, source, number
),

line AS (
    INSERT INTO lotwatch.stocktake_line AS known (
        stocktake_id, item_id, location_id, lot_id, serial_id, owner, status, counted, expected
    )
    SELECT
        header.stocktake_id,
        told.item_id,
        told.location_id,
        told.lot_id,
        told.serial_id,
        told.owner,
        told.status,
        sum(told.quantity),
        0
    FROM told
    INNER JOIN header ON told.source = header.source AND told.number = header.number
    GROUP BY
        header.stocktake_id, told.item_id, told.location_id, told.lot_id, told.serial_id, told.owner, told.status
    ON CONFLICT (stocktake_id, item_id, location_id, lot_id, serial_id, owner, status) DO UPDATE
        SET counted = excluded.counted
)

SELECT stocktake_id FROM header
ORDER BY stocktake_id;

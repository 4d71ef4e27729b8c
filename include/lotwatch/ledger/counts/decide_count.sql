-- Who decided what on a count. Approved, it becomes the point from which the books go on: what happened before and is
-- told later has been seen by who counted.
WITH decided AS (
    UPDATE lotwatch.stocktake
    SET state = %(state)s, decided_by = %(decided_by)s, decided_at = %(decided_at)s, note = %(note)s
    WHERE stocktake_id = %(stocktake_id)s
    RETURNING stocktake_id, kind, state, site_id, counted_at
),

opened AS (
    INSERT INTO lotwatch.cut_over AS known (site_id, counted_at)
    SELECT
        site_id,
        counted_at
    FROM decided
    WHERE state = 'approved' AND kind = 'opening'
    ON CONFLICT (site_id) DO UPDATE SET counted_at = greatest(known.counted_at, excluded.counted_at)
)

INSERT INTO lotwatch.last_count AS known (
    item_id, location_id, lot_id, serial_id, owner, status, counted_at
)
SELECT
    line.item_id,
    line.location_id,
    line.lot_id,
    line.serial_id,
    line.owner,
    line.status,
    decided.counted_at
FROM decided
INNER JOIN lotwatch.stocktake_line AS line ON decided.stocktake_id = line.stocktake_id
WHERE decided.state = 'approved' AND decided.kind = 'count'
ON CONFLICT (item_id, location_id, lot_id, serial_id, owner, status) DO UPDATE
    SET counted_at = greatest(known.counted_at, excluded.counted_at);

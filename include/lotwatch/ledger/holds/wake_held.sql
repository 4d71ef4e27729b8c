-- Every position that a hold covers has changed in what may be used of it.
INSERT INTO lotwatch.change (item_id, location_id)
WITH RECURSIVE covered AS (
    SELECT hold.location_id
    FROM lotwatch.hold AS hold
    WHERE hold.hold_id = %(hold_id)s AND hold.location_id IS NOT NULL
    UNION
    SELECT place.location_id
    FROM covered
    INNER JOIN lotwatch.location AS place ON covered.location_id = place.parent_id
)

SELECT DISTINCT
    known.item_id,
    known.location_id
FROM lotwatch.hold AS hold
INNER JOIN lotwatch.position AS known
    ON
        hold.item_id = known.item_id
        AND (hold.serial_id IS NULL OR hold.serial_id = known.serial_id)
        AND (hold.location_id IS NULL OR known.location_id IN (SELECT covered.location_id FROM covered))
LEFT JOIN lotwatch.serial_unit AS serial_unit ON known.serial_id = serial_unit.serial_id
WHERE
    hold.hold_id = %(hold_id)s
    AND (hold.lot_id IS NULL OR hold.lot_id = coalesce(serial_unit.lot_id, known.lot_id))
UNION
SELECT
    known.item_id,
    known.location_id
FROM lotwatch.hold AS hold
CROSS JOIN covered
INNER JOIN lotwatch.position AS known ON covered.location_id = known.location_id
WHERE hold.hold_id = %(hold_id)s AND hold.item_id IS NULL;

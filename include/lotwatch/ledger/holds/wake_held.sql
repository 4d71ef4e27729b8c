-- A hold on a place alone concerns whatever lies, or is set aside, in it and under it. (One that names an item is noted as
-- a change of that item, like every change of it.)
INSERT INTO lotwatch.change (item_id, location_id)
WITH RECURSIVE covered AS (
    SELECT hold.location_id
    FROM lotwatch.hold AS hold
    WHERE hold.hold_id = %(hold_id)s AND hold.item_id IS NULL
    UNION
    SELECT place.location_id
    FROM covered
    INNER JOIN lotwatch.location AS place ON covered.location_id = place.parent_id
)

SELECT
    known.item_id,
    known.location_id
FROM covered
INNER JOIN lotwatch.position AS known ON covered.location_id = known.location_id
UNION
SELECT
    allocation.item_id,
    allocation.location_id
FROM covered
INNER JOIN lotwatch.allocation AS allocation ON covered.location_id = allocation.location_id
WHERE allocation.closed_at IS NULL;

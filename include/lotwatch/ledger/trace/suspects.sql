-- At which of these places, or places around them, did goods of the item ever move without their lot or serial number?
-- The posting statement flags them; so nothing has to be searched where all is labelled.
WITH RECURSIVE around AS (
    SELECT
        item_id,
        location_id,
        location_id AS around_id
    FROM unnest(%(visited_items)s::bigint[], %(visited_places)s::bigint[]) AS given (item_id, location_id)
    UNION
    SELECT
        around.item_id,
        around.location_id,
        place.parent_id
    FROM around
    INNER JOIN lotwatch.location AS place ON around.around_id = place.location_id
    WHERE place.parent_id IS NOT NULL
)

SELECT
    around.item_id,
    around.location_id,
    around.around_id
FROM around
CROSS JOIN
    LATERAL (
        SELECT
        FROM lotwatch.movement_flag AS flag
        WHERE
            flag.item_id = around.item_id AND flag.location_id = around.around_id
            AND flag.flag IN ('lot_missing', 'serial_missing')
        LIMIT 1 -- noqa: AM09
    ) AS flagged;

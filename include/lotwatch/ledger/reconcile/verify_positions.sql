-- Which positions differ from the sum of their movements?
WITH summed AS (
    SELECT
        item_id,
        location_id,
        lot_id,
        serial_id,
        owner,
        status,
        sum(quantity)::bigint AS quantity
    FROM lotwatch.movement_side
    GROUP BY item_id, location_id, lot_id, serial_id, owner, status
)

SELECT
    'position' AS "check",
    concat_ws(
        ' ',
        item.code, '@', location.code, 'lot ' || lot.number, 'serial ' || serial_unit.number,
        coalesce(summed.owner, position.owner), coalesce(summed.status, position.status)
    ) AS subject,
    coalesce(position.quantity, 0) AS found,
    coalesce(summed.quantity, 0) AS expected
FROM summed
FULL JOIN lotwatch.position AS position
    ON
        summed.item_id = position.item_id AND summed.location_id = position.location_id
        AND summed.lot_id = position.lot_id AND summed.serial_id = position.serial_id
        AND summed.owner = position.owner AND summed.status = position.status
INNER JOIN lotwatch.item AS item ON item.item_id = coalesce(summed.item_id, position.item_id)
INNER JOIN lotwatch.location AS location ON location.location_id = coalesce(summed.location_id, position.location_id)
LEFT JOIN lotwatch.lot AS lot ON lot.lot_id = coalesce(summed.lot_id, position.lot_id)
LEFT JOIN lotwatch.serial_unit AS serial_unit ON serial_unit.serial_id = coalesce(summed.serial_id, position.serial_id)
WHERE coalesce(summed.quantity, 0) <> coalesce(position.quantity, 0)
ORDER BY subject;

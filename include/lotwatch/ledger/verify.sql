-- Which positions differ from the sum of their movements?
WITH side AS (
    SELECT
        item_id,
        from_location_id AS location_id,
        lot_id,
        serial_id,
        from_owner AS owner,
        from_status AS status,
        -quantity AS quantity
    FROM lotwatch.movement
    UNION ALL
    SELECT
        item_id,
        to_location_id,
        lot_id,
        serial_id,
        to_owner,
        to_status,
        quantity
    FROM lotwatch.movement
),

summed AS (
    SELECT
        item_id,
        location_id,
        lot_id,
        serial_id,
        owner,
        status,
        sum(quantity)::bigint AS quantity
    FROM side
    GROUP BY item_id, location_id, lot_id, serial_id, owner, status
)

SELECT
    item.code AS item_code,
    location.code AS location_code,
    coalesce(summed.lot_id, position.lot_id) AS lot_id,
    coalesce(summed.serial_id, position.serial_id) AS serial_id,
    coalesce(summed.owner, position.owner) AS owner,
    coalesce(summed.status, position.status) AS status,
    coalesce(position.quantity, 0) AS position,
    coalesce(summed.quantity, 0) AS movements
FROM summed
FULL JOIN lotwatch.position AS position
    ON
        summed.item_id = position.item_id AND summed.location_id = position.location_id
        AND summed.lot_id = position.lot_id AND summed.serial_id = position.serial_id
        AND summed.owner = position.owner AND summed.status = position.status
INNER JOIN lotwatch.item AS item ON item.item_id = coalesce(summed.item_id, position.item_id)
INNER JOIN lotwatch.location AS location ON location.location_id = coalesce(summed.location_id, position.location_id)
WHERE coalesce(summed.quantity, 0) <> coalesce(position.quantity, 0)
ORDER BY item_code, location_code;

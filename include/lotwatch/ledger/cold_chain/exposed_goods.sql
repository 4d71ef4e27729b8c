-- Which lots and units were in a package or a delivery, of items that the range is for? They are held where they go, or
-- everywhere while nobody knows. A package may have been unpacked before its logger is read: what counts is when it was
-- measured.
WITH inside AS (
    SELECT
        content.within,
        content.item_id,
        content.lot_id,
        content.serial_id
    FROM lotwatch.content_of(%(sscc)s, %(started_at)s) AS content
    UNION
    SELECT
        content.within,
        content.item_id,
        content.lot_id,
        content.serial_id
    FROM lotwatch.content_of(%(sscc)s, %(ended_at)s) AS content
),

content AS (
    SELECT
        line.item_id,
        line.lot_id,
        line.serial_id,
        delivery.to_location_id AS location_id
    FROM lotwatch.delivery_line AS line
    INNER JOIN lotwatch.delivery AS delivery ON line.delivery_id = delivery.delivery_id
    WHERE
        delivery.state <> 'cancelled'
        AND (
            line.sscc = %(sscc)s OR delivery.source_key = %(delivery_key)s
            OR line.sscc IN (SELECT inside.within FROM inside)
        )
    UNION
    SELECT
        inside.item_id,
        inside.lot_id,
        inside.serial_id,
        (
            SELECT min(delivery.to_location_id)
            FROM lotwatch.delivery_line AS line
            INNER JOIN lotwatch.delivery AS delivery ON line.delivery_id = delivery.delivery_id
            WHERE delivery.state <> 'cancelled' AND line.sscc IN (%(sscc)s, inside.within)
        )
    FROM inside
)

SELECT DISTINCT
    content.item_id,
    nullif(content.lot_id, 0) AS lot_id,
    nullif(content.serial_id, 0) AS serial_id,
    CASE WHEN content.serial_id = 0 THEN content.location_id END AS location_id
FROM content
INNER JOIN lotwatch.item AS item ON content.item_id = item.item_id
WHERE (item.storage_min_c, item.storage_max_c) IS NOT DISTINCT FROM (%(min_c)s::numeric, %(max_c)s::numeric)
ORDER BY item_id, lot_id, serial_id, location_id;

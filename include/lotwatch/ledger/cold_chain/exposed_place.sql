-- Which lots and units were at a place, or under it, at some time of an excursion, of items that its range is for?
WITH RECURSIVE under AS (
    SELECT %(location_id)s::bigint AS location_id
    UNION ALL
    SELECT place.location_id
    FROM under
    INNER JOIN lotwatch.location AS place ON under.location_id = place.parent_id
    -- not what keeps a range or is measured itself
    WHERE
        num_nonnulls(place.temperature_min_c, place.temperature_max_c) = 0
        AND NOT EXISTS (
            SELECT 1 FROM lotwatch.temperature_reading AS own
            WHERE own.location_id = place.location_id
        )
),

now_there AS MATERIALIZED (
    SELECT
        known.item_id,
        known.lot_id,
        known.serial_id,
        sum(known.quantity) AS quantity
    FROM under
    INNER JOIN lotwatch.position AS known ON under.location_id = known.location_id
    INNER JOIN lotwatch.item AS item ON known.item_id = item.item_id
    WHERE
        (item.storage_min_c, item.storage_max_c) IS NOT DISTINCT FROM (%(min_c)s::numeric, %(max_c)s::numeric)
        OR (%(own)s AND num_nonnulls(item.storage_min_c, item.storage_max_c) = 0)
    GROUP BY known.item_id, known.lot_id, known.serial_id
),

-- what went in and out since it began
later AS MATERIALIZED (
    SELECT
        side.item_id,
        side.lot_id,
        side.serial_id,
        sum(side.quantity) AS quantity,
        bool_or(side.quantity > 0 AND side.occurred_at <= %(ended_at)s) AS came
    FROM now_there
    INNER JOIN lotwatch.movement_side AS side
        ON
            now_there.item_id = side.item_id AND now_there.lot_id = side.lot_id
            AND now_there.serial_id = side.serial_id AND side.occurred_at > %(started_at)s
    INNER JOIN under ON side.location_id = under.location_id
    GROUP BY side.item_id, side.lot_id, side.serial_id
)

SELECT
    now_there.item_id,
    nullif(now_there.lot_id, 0) AS lot_id,
    nullif(now_there.serial_id, 0) AS serial_id,
    CASE WHEN now_there.serial_id = 0 THEN %(location_id)s::bigint END AS location_id
FROM now_there
LEFT JOIN later
    ON
        now_there.item_id = later.item_id AND now_there.lot_id = later.lot_id
        AND now_there.serial_id = later.serial_id
WHERE now_there.quantity - coalesce(later.quantity, 0) > 0 OR coalesce(later.came, FALSE)
ORDER BY now_there.item_id, now_there.lot_id, now_there.serial_id;

-- Of which holds that are not confirmed has the warehouse set aside all there is at its sites? What it has done and its
-- movements have not told yet counts as set aside.
WITH kept AS (
    SELECT site.location_id AS site_id
    FROM lotwatch.location AS site
    INNER JOIN lotwatch.location AS blocked ON blocked.code = replace(%(blocked)s, '{site}', site.code)
    WHERE site.kind = 'site' AND site.code LIKE ANY(%(sites)s::text[])
),

done AS (
    SELECT
        line.item_id,
        line.location_id,
        line.lot_id,
        line.serial_id,
        sum(line.quantity) AS quantity
    FROM lotwatch.warehouse_task AS task
    INNER JOIN lotwatch.warehouse_task_line AS line ON line.warehouse_task_id = task.warehouse_task_id
    WHERE
        task.warehouse = %(warehouse)s AND task.kind = 'hold' AND task.state = 'acknowledged'
        AND NOT EXISTS (
            SELECT 1 FROM lotwatch.batch AS batch
            WHERE batch.source = %(source)s AND batch.state = 'posted' AND batch.created_at > task.acknowledged_at
        )
    GROUP BY line.item_id, line.location_id, line.lot_id, line.serial_id
),

held AS (
    SELECT
        cover.hold_id,
        cover.item_id,
        cover.location_id,
        cover.lot_id,
        cover.serial_id,
        coalesce(sum(cover.quantity) FILTER (WHERE cover.status = 'unrestricted'), 0) AS free
    FROM lotwatch.held_stock AS cover
    INNER JOIN lotwatch.hold AS hold ON hold.hold_id = cover.hold_id
    INNER JOIN lotwatch.location AS place ON place.location_id = cover.location_id
    INNER JOIN kept ON kept.site_id = place.site_id
    WHERE hold.confirmed_at IS NULL AND cover.quantity > 0
    GROUP BY cover.hold_id, cover.item_id, cover.location_id, cover.lot_id, cover.serial_id
)

SELECT held.hold_id
FROM held
LEFT JOIN done
    ON
        done.item_id = held.item_id AND done.location_id = held.location_id
        AND done.lot_id = held.lot_id AND done.serial_id = held.serial_id
GROUP BY held.hold_id
HAVING bool_and(held.free <= coalesce(done.quantity, 0))
ORDER BY held.hold_id;

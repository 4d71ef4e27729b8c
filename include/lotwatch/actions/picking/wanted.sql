-- What is asked for and neither sent, set aside nor being picked? Not what was refused a short time ago.
SELECT
    line.source,
    line.source_key AS line_key,
    demand.source_key AS order_key,
    line.item_id,
    line.site_id,
    line.outstanding - line.set_aside - coalesce(going.quantity, 0) AS quantity,
    demand.priority,
    line.need_by,
    line.today,
    coalesce(line.minimum_remaining_life_days, 0) AS life_days,
    demand.ordered_at,
    site.code AS site_code,
    site.time_zone,
    coalesce(site.x_m, 0)::float AS x,
    coalesce(site.y_m, 0)::float AS y
FROM lotwatch.demand_line_open AS line
INNER JOIN lotwatch.demand_order AS demand ON line.demand_order_id = demand.demand_order_id
INNER JOIN lotwatch.location AS site ON line.site_id = site.location_id
LEFT JOIN (
    SELECT
        source,
        demand_line_key,
        sum(quantity)::bigint AS quantity
    FROM lotwatch.pick_in_force
    GROUP BY source, demand_line_key
) AS going ON line.source = going.source AND line.source_key = going.demand_line_key
WHERE
    line.outstanding > line.set_aside + coalesce(going.quantity, 0)
    AND NOT EXISTS (
        SELECT 1
        FROM lotwatch.pick AS earlier
        INNER JOIN lotwatch.proposal AS answered ON earlier.proposal_id = answered.proposal_id
        LEFT JOIN lotwatch.warehouse_task AS task
            ON answered.proposal_id = task.proposal_id AND demand.source_key = task.demand_order_key
        WHERE
            earlier.source = line.source AND earlier.demand_line_key = line.source_key
            AND (answered.state IN ('rejected', 'timed_out', 'failed') OR task.state = 'refused')
            AND answered.created_at > (SELECT lotwatch.as_of()) - (
                coalesce(%(quiet)s::jsonb -> 'sites' ->> site.code, %(quiet)s::jsonb ->> 'everywhere') || ' minutes'
            )::interval
    )
ORDER BY line.source, line.source_key;

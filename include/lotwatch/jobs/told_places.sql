-- What is to be done where at these sites, by when, and with how many units? One row for each place, with its first task.
SELECT
    coalesce(task.site_id, task.place_id) AS party_id,
    coalesce(site.name, place.name) AS site,
    place.name AS place,
    min(task.due_at) AS due_at,
    (array_agg(task.task_id ORDER BY task.task_id))[1] AS task_id,
    coalesce((
        SELECT sum(unit.quantity)
        FROM lotwatch.recall_unit AS unit
        WHERE unit.case_id = %(case_id)s AND unit.place_id = task.place_id AND unit.whereabouts <> 'possible'
    ), 0)::bigint AS units
FROM lotwatch.recall_task AS task
INNER JOIN lotwatch.location AS place ON task.place_id = place.location_id
LEFT JOIN lotwatch.location AS site ON task.site_id = site.location_id
WHERE
    task.case_id = %(case_id)s AND task.state = 'open' AND task.acknowledged_at IS NULL
    AND coalesce(task.site_id, task.place_id) = ANY(%(sites)s::bigint[])
GROUP BY task.site_id, task.place_id, site.name, place.name
ORDER BY site, place;

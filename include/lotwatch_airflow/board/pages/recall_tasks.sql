-- The tasks of a case, or one task; those that are open and due first.
SELECT
    task.task_id,
    recalled.code,
    recalled.kind AS case_kind,
    recalled.title,
    recalled.state AS case_state,
    recalled.recall_class,
    recalled.action_kind,
    task.kind,
    task.state,
    task.site_id,
    site.code AS site_code,
    site.name AS site_name,
    place.location_id AS place_id,
    place.code AS location_code,
    place.name AS location_name,
    coalesce(site.time_zone, place.time_zone) AS time_zone,
    task.due_at,
    task.acknowledged_at,
    task.acknowledged_by,
    task.done_at,
    task.done_by,
    task.note,
    CASE task.state WHEN 'open' THEN 1 WHEN 'done' THEN 2 ELSE 3 END AS urgency,
    task.state = 'open' AND task.due_at < %(as_of)s AS late,
    coalesce((
        SELECT sum(line.expected)
        FROM lotwatch.recall_task_line AS line
        WHERE line.task_id = task.task_id
    ), 0)::bigint AS expected,
    coalesce((
        SELECT sum(find.quantity)
        FROM lotwatch.recall_find AS find
        WHERE find.task_id = task.task_id AND find.outcome <> 'explained' AND find.standing <> 'unknown'
    ), 0)::bigint AS found,
    (
        SELECT count(*)
        FROM lotwatch.recall_find_unnamed AS unnamed
        WHERE unnamed.task_id = task.task_id
    ) AS unnamed
FROM lotwatch.recall_task AS task
INNER JOIN lotwatch.recall_case AS recalled ON task.case_id = recalled.case_id
INNER JOIN lotwatch.location AS place ON task.place_id = place.location_id
LEFT JOIN lotwatch.location AS site ON task.site_id = site.location_id
WHERE
    (%(case_id)s::bigint IS NULL OR task.case_id = %(case_id)s)
    AND (%(task)s::bigint IS NULL OR task.task_id = %(task)s)
    AND (%(site)s::text IS NULL OR site.code = %(site)s)

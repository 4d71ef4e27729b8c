-- Which tasks are open, late or closed, the most urgent first?
SELECT
    task.task_id,
    task.reference AS task,
    task.kind AS task_kind,
    task.state,
    task.what ->> %(lang)s AS task_text,
    task.role,
    task.deadline AS task_deadline,
    task.opened_at,
    task.closed_at,
    task.closed_by,
    task.note,
    task.evidence AS evidence_given,
    proposal.proposal_id,
    proposal.code AS proposal,
    site.code AS site_code,
    site.name AS site_name,
    site.time_zone,
    place.code AS location_code,
    place.name AS location_name,
    task.state = 'open' AND task.deadline < %(as_of)s::timestamptz AS late,
    CASE task.state WHEN 'open' THEN task.deadline END AS urgency
FROM lotwatch.task AS task
INNER JOIN lotwatch.proposal AS proposal ON task.proposal_id = proposal.proposal_id
INNER JOIN lotwatch.location AS site ON task.site_id = site.location_id
LEFT JOIN lotwatch.location AS place ON task.place_id = place.location_id
WHERE
    CASE %(state)s
        WHEN 'open' THEN task.state = 'open'
        WHEN 'late' THEN task.state = 'open' AND task.deadline < %(as_of)s::timestamptz
        WHEN 'closed' THEN task.state <> 'open'
        ELSE TRUE
    END
    AND (%(kind)s::text IS NULL OR task.kind = %(kind)s)
    AND (%(role)s::text IS NULL OR task.role = %(role)s)
    AND (%(site)s::text IS NULL OR site.code = %(site)s)
    AND (
        %(text)s::text IS NULL
        OR strpos(
            lower(concat_ws(' ', task.reference, proposal.code, task.what ->> 'en', task.what ->> 'zh', place.name)),
            lower(%(text)s)
        ) > 0
        OR EXISTS (
            SELECT 1
            FROM lotwatch.task_line AS line
            INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
            LEFT JOIN lotwatch.lot AS lot ON line.lot_id = lot.lot_id
            LEFT JOIN lotwatch.serial_unit AS unit ON line.serial_id = unit.serial_id
            WHERE
                line.task_id = task.task_id
                AND strpos(
                    lower(concat_ws(' ', item.code, item.name, lot.number, unit.number)), lower(%(text)s)
                ) > 0
        )
    )

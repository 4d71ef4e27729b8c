-- A task in the names that people know.
SELECT
    task.task_id,
    task.reference,
    task.proposal_id,
    proposal.code AS proposal_code,
    task.kind,
    task.site_id,
    site.code AS site_code,
    site.name AS site_name,
    place.code AS place_code,
    place.name AS place_name,
    task.role,
    task.what,
    task.details,
    task.checklist,
    task.answers,
    task.deadline,
    task.opened_at,
    task.state,
    task.closed_at,
    task.closed_by,
    task.note,
    task.evidence
FROM lotwatch.task AS task
INNER JOIN lotwatch.proposal AS proposal ON task.proposal_id = proposal.proposal_id
INNER JOIN lotwatch.location AS site ON task.site_id = site.location_id
LEFT JOIN lotwatch.location AS place ON task.place_id = place.location_id
WHERE task.task_id = %(task_id)s;

-- Which tasks are open (or were), the most urgent first?
SELECT
    task.reference,
    task.kind,
    site.code AS site_code,
    place.code AS place_code,
    task.role,
    task.what,
    task.deadline,
    task.state,
    proposal.code AS proposal_code
FROM lotwatch.task AS task
INNER JOIN lotwatch.proposal AS proposal ON task.proposal_id = proposal.proposal_id
INNER JOIN lotwatch.location AS site ON task.site_id = site.location_id
LEFT JOIN lotwatch.location AS place ON task.place_id = place.location_id
WHERE %(closed)s OR task.state = 'open'
ORDER BY task.state <> 'open', task.deadline, task.task_id
LIMIT %(limit)s;

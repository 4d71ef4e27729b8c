-- A site has answered when somebody has each of its tasks.
WITH site AS (
    SELECT
        case_id,
        coalesce(site_id, place_id) AS party_id
    FROM lotwatch.recall_task
    WHERE task_id = %(task_id)s
),

waiting AS (
    SELECT 1
    FROM lotwatch.recall_task AS task
    INNER JOIN site ON task.case_id = site.case_id AND coalesce(task.site_id, task.place_id) = site.party_id
    WHERE task.state = 'open' AND task.acknowledged_at IS NULL
)

UPDATE lotwatch.recall_response AS answer SET acknowledged_at = %(at)s, acknowledged_by = %(by)s
FROM site
WHERE
    answer.case_id = site.case_id AND answer.party = 'site' AND answer.party_id = site.party_id
    AND answer.acknowledged_at IS NULL AND NOT EXISTS (SELECT FROM waiting);

-- A site has answered when somebody has each of its tasks.
UPDATE lotwatch.recall_response AS answer SET acknowledged_at = %(at)s, acknowledged_by = %(by)s
FROM lotwatch.recall_task AS task
WHERE
    task.task_id = %(task_id)s
    AND answer.case_id = task.case_id AND answer.party = 'site' AND answer.party_id = coalesce(task.site_id, task.place_id)
    AND answer.acknowledged_at IS NULL
    AND NOT EXISTS (
        SELECT FROM lotwatch.recall_task AS other
        WHERE
            other.case_id = task.case_id AND coalesce(other.site_id, other.place_id) = answer.party_id
            AND other.state = 'open' AND other.acknowledged_at IS NULL
    );

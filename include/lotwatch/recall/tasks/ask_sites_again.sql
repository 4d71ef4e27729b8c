-- Sites with a task that nobody has yet have not answered.
UPDATE lotwatch.recall_response AS answer SET acknowledged_at = NULL, acknowledged_by = NULL, told_at = NULL
WHERE
    answer.case_id = %(case_id)s AND answer.party = 'site' AND answer.acknowledged_at IS NOT NULL AND answer.note IS NULL
    AND EXISTS (
        SELECT FROM lotwatch.recall_task AS task
        WHERE
            task.case_id = answer.case_id AND coalesce(task.site_id, task.place_id) = answer.party_id
            AND task.state = 'open' AND task.kind <> 'effectiveness' AND task.acknowledged_at IS NULL
    );

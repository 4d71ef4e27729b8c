-- Which stops in force cover what a row of the outbox is about: a proposal, or a warehouse's task made for one?
SELECT
    stopped.scope,
    stopped.key,
    stopped.reason
FROM lotwatch.proposal_stopped AS stopped
WHERE
    stopped.proposal_id = coalesce(
        %(proposal_id)s::bigint,
        (
            SELECT task.proposal_id FROM lotwatch.warehouse_task AS task
            WHERE task.warehouse_task_id = %(task_id)s::bigint
        )
    )
ORDER BY stopped.stop_switch_id;

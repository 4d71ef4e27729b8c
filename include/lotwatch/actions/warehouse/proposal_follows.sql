-- What warehouses say of its tasks is how far the proposal behind them has come: sent once none of them is still to be written, and
-- failed or refused where none was.
UPDATE lotwatch.proposal AS proposal
SET
    state = coalesce(said.state, proposal.state),
    erp_number = coalesce(said.numbers, proposal.erp_number)
FROM (
    SELECT
        task.proposal_id,
        string_agg(DISTINCT task.their_number, ', ' ORDER BY task.their_number) AS numbers,
        CASE
            WHEN bool_or(task.state = 'requested') THEN NULL
            WHEN bool_or(task.state IN ('written', 'acknowledged')) THEN 'sent'
            WHEN bool_or(task.state = 'refused') THEN 'failed'
            ELSE 'refused'
        END AS state
    FROM lotwatch.warehouse_task AS task
    WHERE
        task.proposal_id = (
            SELECT this.proposal_id FROM lotwatch.warehouse_task AS this
            WHERE this.warehouse_task_id = %(task_id)s
        )
    GROUP BY task.proposal_id
) AS said
WHERE proposal.proposal_id = said.proposal_id AND proposal.state IN ('approved', 'sending', 'sent');

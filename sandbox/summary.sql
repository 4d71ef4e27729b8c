-- What was read, quarantined, alerted, proposed, approved, sent, refused, and why?
SELECT
    counted.quantity,
    counted.what
FROM (
    SELECT
        1 AS line,
        '' AS detail,
        coalesce(sum((entity.counts ->> 'read')::bigint), 0)::bigint AS quantity,
        'records read' AS what
    FROM lotwatch.batch AS batch
    CROSS JOIN LATERAL jsonb_each(batch.counts) AS entity (name, counts)
    UNION ALL
    SELECT
        2,
        '',
        count(*),
        'movements in the ledger'
    FROM lotwatch.movement
    UNION ALL
    SELECT
        2,
        flag.flag,
        count(*),
        format('of them flagged: %s', flag.flag)
    FROM lotwatch.movement_flag AS flag
    GROUP BY flag.flag
    UNION ALL
    SELECT
        3,
        broken.rule,
        count(*),
        format('in quarantine: %s %s, such as: %s', quarantine.entity, broken.rule, min(broken.reason))
    FROM lotwatch.quarantine AS quarantine
    CROSS JOIN LATERAL unnest(quarantine.rules, quarantine.reasons) AS broken (rule, reason)
    WHERE quarantine.state = 'open'
    GROUP BY quarantine.entity, broken.rule
    UNION ALL
    SELECT
        4,
        alert.rule_id,
        count(*),
        format('alerts: %s', alert.rule_id)
    FROM lotwatch.alert AS alert
    WHERE alert.state <> 'resolved'
    GROUP BY alert.rule_id
    UNION ALL
    SELECT
        5,
        proposal.state,
        count(*),
        format('orders %s', proposal.state)
    FROM lotwatch.proposal AS proposal
    GROUP BY proposal.state
    UNION ALL
    SELECT
        6,
        event.guard,
        count(*),
        format('refused by the guard %s, such as: %s', event.guard, min(event.reason))
    FROM lotwatch.guard_event AS event
    GROUP BY event.guard
    UNION ALL
    SELECT
        7,
        '',
        count(*),
        'messages sent'
    FROM lotwatch.outbox AS row
    WHERE row.kind = 'message_delivery' AND row.state IN ('sent', 'delivered')
    UNION ALL
    SELECT
        8,
        finding.check_id,
        count(*),
        format('findings: %s', finding.check_id)
    FROM lotwatch.check_finding AS finding
    WHERE finding.resolved_at IS NULL
    GROUP BY finding.check_id
    UNION ALL
    SELECT
        8,
        'matches',
        count(*),
        'suggested matches wait for a person'
    FROM lotwatch.match_suggestion AS suggestion
    WHERE suggestion.state = 'proposed'
    HAVING count(*) > 0
    UNION ALL
    SELECT
        8,
        'notices',
        count(*),
        'recall notices known'
    FROM lotwatch.notice
    UNION ALL
    SELECT
        8,
        format('recalls %s', judged.verdict),
        count(*),
        format('lots and units in recall cases: %s', judged.verdict)
    FROM lotwatch.recall_match_current AS judged
    GROUP BY judged.verdict
    UNION ALL
    SELECT
        8,
        'recalls tasks',
        count(task.task_id),
        'tasks of recalls for sites and departments'
    FROM lotwatch.recall_task AS task
    UNION ALL
    SELECT
        8,
        format('suppliers %s', answer.state),
        count(DISTINCT (answer.order_number, answer.line_number)),
        format('order lines of which suppliers have %s something', answer.state)
    FROM lotwatch.order_confirmation AS answer
    WHERE answer.state <> 'pending'
    GROUP BY answer.state
    UNION ALL
    SELECT
        9,
        stocktake.state,
        count(*),
        format('counts %s', stocktake.state)
    FROM lotwatch.stocktake AS stocktake
    GROUP BY stocktake.state
    UNION ALL
    SELECT
        10,
        '',
        count(*),
        'audit events'
    FROM lotwatch.audit_event
) AS counted
ORDER BY counted.line, counted.detail;

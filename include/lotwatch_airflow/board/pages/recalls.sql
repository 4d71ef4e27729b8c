-- Recall cases with how far each is: tasks, answers, its next clock, and both clocks of its holds.
SELECT
    recalled.case_id,
    recalled.code,
    recalled.kind,
    recalled.title,
    recalled.issuer,
    recalled.recall_class,
    recalled.action_kind,
    recalled.our_role,
    recalled.jurisdiction,
    recalled.state,
    recalled.opened_at,
    recalled.opened_by,
    recalled.held_at,
    recalled.closed_at,
    recalled.closed_by,
    recalled.reopened,
    CASE recalled.state WHEN 'open' THEN 1 ELSE 2 END AS urgency,
    task.tasks,
    task.done,
    answer.parties,
    answer.answered,
    clock.due_at,
    clock.duty_id,
    clock.due_at < %(as_of)s AS overdue,
    hold.holds,
    hold.confirmed,
    hold.confirmed_at
FROM lotwatch.recall_case AS recalled
CROSS JOIN
    LATERAL (
        SELECT
            count(*) AS tasks,
            count(*) FILTER (WHERE part.state = 'done') AS done
        FROM lotwatch.recall_task AS part
        WHERE part.case_id = recalled.case_id AND part.state <> 'cancelled'
    ) AS task
CROSS JOIN
    LATERAL (
        SELECT
            count(*) AS parties,
            count(part.acknowledged_at) AS answered
        FROM lotwatch.recall_response AS part
        WHERE part.case_id = recalled.case_id
    ) AS answer
CROSS JOIN
    LATERAL (
        SELECT
            count(*) AS holds,
            count(part.confirmed_at) AS confirmed,
            max(part.confirmed_at) AS confirmed_at
        FROM lotwatch.hold AS part
        WHERE part.reference = recalled.code AND part.cause = 'recall' AND part.released_at IS NULL
    ) AS hold
LEFT JOIN LATERAL (
    SELECT
        part.due_at,
        part.duty_id
    FROM lotwatch.recall_clock AS part
    WHERE part.case_id = recalled.case_id AND part.met_at IS NULL AND part.withdrawn_at IS NULL
    ORDER BY part.due_at, part.duty_id
    LIMIT 1
) AS clock ON recalled.state = 'open'
WHERE
    (%(code)s::text IS NULL OR recalled.code = %(code)s)
    AND (%(state)s = 'all' OR recalled.state = %(state)s)
    AND (%(case_kind)s::text IS NULL OR recalled.kind = %(case_kind)s)
    AND (
        %(text)s::text IS NULL
        OR strpos(lower(concat_ws(' ', recalled.code, recalled.title, recalled.issuer)), lower(%(text)s)) > 0
    )

-- How fast was the case answered, and how much of it was found?
SELECT
    task.tasks,
    task.done,
    answer.parties,
    answer.answered,
    task.made_at,
    answer.first_answer_at,
    answer.all_answered_at,
    task.all_done_at,
    coalesce(expected.quantity, 0)::bigint AS expected,
    coalesce(found.quantity, 0)::bigint AS found
FROM (
    SELECT
        count(*) AS tasks,
        count(*) FILTER (WHERE state = 'done') AS done,
        max(made_at) FILTER (WHERE kind <> 'effectiveness') AS made_at,
        CASE WHEN bool_and(state = 'done') THEN max(done_at) END AS all_done_at
    FROM lotwatch.recall_task
    WHERE case_id = %(case_id)s AND state <> 'cancelled'
) AS task
CROSS JOIN (
    SELECT
        count(*) AS parties,
        count(acknowledged_at) AS answered,
        min(acknowledged_at) AS first_answer_at,
        CASE WHEN bool_and(acknowledged_at IS NOT NULL) THEN max(acknowledged_at) END AS all_answered_at
    FROM lotwatch.recall_response
    WHERE case_id = %(case_id)s
) AS answer
CROSS JOIN (
    SELECT sum(line.expected) AS quantity
    FROM lotwatch.recall_task AS known
    INNER JOIN lotwatch.recall_task_line AS line ON known.task_id = line.task_id
    WHERE known.case_id = %(case_id)s AND known.kind = 'count' AND known.state <> 'cancelled'
) AS expected
CROSS JOIN (
    SELECT sum(find.quantity) AS quantity
    FROM lotwatch.recall_task AS known
    INNER JOIN lotwatch.recall_find AS find ON known.task_id = find.task_id
    WHERE
        known.case_id = %(case_id)s AND known.kind = 'count' AND find.outcome = 'found' AND find.standing <> 'unknown'
) AS found;

-- What of the case is not settled?
SELECT
    'tasks' AS against,
    count(*) AS amount
FROM lotwatch.recall_task
WHERE case_id = %(case_id)s AND state = 'open'
UNION ALL
SELECT
    'call_backs',
    count(*)
FROM lotwatch.recall_case AS recalled
INNER JOIN lotwatch.hold AS hold ON recalled.code = hold.reference AND hold.cause IN ('recall', 'precaution')
INNER JOIN lotwatch.warehouse_task AS task ON hold.hold_id = task.hold_id
WHERE recalled.case_id = %(case_id)s AND task.kind = 'call_back' AND task.state IN ('requested', 'written')
UNION ALL
SELECT
    'clocks',
    count(*)
FROM lotwatch.recall_clock
WHERE case_id = %(case_id)s AND met_at IS NULL AND withdrawn_at IS NULL
UNION ALL
SELECT
    'review',
    count(*)
FROM lotwatch.recall_match_current
WHERE case_id = %(case_id)s AND verdict = 'needs_review'
UNION ALL
SELECT
    'unknown',
    count(*)
FROM lotwatch.recall_find_unnamed AS unnamed
INNER JOIN lotwatch.recall_task AS task ON unnamed.task_id = task.task_id
WHERE task.case_id = %(case_id)s;

-- Which recall case has the most to do?
SELECT
    opened.code,
    opened.title
FROM lotwatch.recall_case AS opened
LEFT JOIN lotwatch.recall_task AS task ON opened.case_id = task.case_id
WHERE opened.kind = 'recall'
GROUP BY opened.code, opened.title
ORDER BY count(task.task_id) DESC, opened.code
LIMIT 1;

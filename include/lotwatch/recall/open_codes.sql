-- Which cases are open?
SELECT code
FROM lotwatch.recall_case
WHERE state = 'open'
ORDER BY opened_at, case_id;

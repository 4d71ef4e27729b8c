-- Which tasks carry a proposal out?
SELECT task_id FROM lotwatch.task
WHERE proposal_id = %(proposal)s
ORDER BY task_id

-- What is in force of a kind?
SELECT *
FROM lotwatch.change_set
WHERE kind = %(kind)s AND decision = 'activated'
ORDER BY decided_at DESC, change_set_id DESC
LIMIT 1;

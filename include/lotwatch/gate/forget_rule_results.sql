-- A batch that is judged again breaks what it breaks now.
DELETE FROM lotwatch.rule_result
WHERE batch_id = %(batch_id)s;

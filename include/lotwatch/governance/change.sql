-- What is this change set?
SELECT *
FROM lotwatch.change_set
WHERE change_set_id = %(change_set_id)s;

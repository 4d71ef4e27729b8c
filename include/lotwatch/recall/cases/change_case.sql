-- What its notices say now is what the case is about.
UPDATE lotwatch.recall_case SET
    title = %(title)s,
    issuer = %(issuer)s,
    recall_class = %(recall_class)s,
    action_kind = %(action_kind)s,
    only_advises = %(only_advises)s
WHERE case_id = %(case_id)s;

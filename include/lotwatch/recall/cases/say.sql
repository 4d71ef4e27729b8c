-- What a person says a case asks for. It counts at once where no notice is of the case.
UPDATE lotwatch.recall_case SET
    said_action = %(action_kind)s,
    said_class = %(recall_class)s,
    said_over = %(said_over)s,
    only_advises = %(action_kind)s = 'advise',
    action_kind = %(action_kind)s,
    recall_class = %(recall_class)s
WHERE case_id = %(case_id)s;

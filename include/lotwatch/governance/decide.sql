-- What became of a change set?
UPDATE lotwatch.change_set
SET decision = %(decision)s, decided_by = %(by)s, decided_at = %(as_of)s
WHERE change_set_id = %(change_set_id)s;

-- Somebody wants this to be in force.
INSERT INTO lotwatch.change_set (kind, content, based_on, reason, submitted_by, submitted_at, effect)
VALUES (%(kind)s, %(content)s, %(based_on)s, %(reason)s, %(by)s, %(as_of)s, %(effect)s)
RETURNING change_set_id;

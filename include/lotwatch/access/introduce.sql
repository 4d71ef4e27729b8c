-- Is this user new to us?
INSERT INTO lotwatch.person (user_name, limited, added_by)
VALUES (%(user_name)s, %(limited)s, %(added_by)s)
ON CONFLICT (user_name) DO NOTHING
RETURNING user_name;

-- Is this site new to this user?
INSERT INTO lotwatch.site_access (user_name, site_id, granted_by)
VALUES (%(user_name)s, %(site_id)s, %(granted_by)s)
ON CONFLICT (user_name, site_id) DO NOTHING
RETURNING site_id;

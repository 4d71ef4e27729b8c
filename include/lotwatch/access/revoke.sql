-- Did this user have this site until now?
DELETE FROM lotwatch.site_access
WHERE user_name = %(user_name)s AND site_id = %(site_id)s
RETURNING site_id;

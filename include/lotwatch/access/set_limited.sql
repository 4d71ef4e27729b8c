-- Does it change whether this user sees all sites?
UPDATE lotwatch.person SET limited = %(limited)s
WHERE user_name = %(user_name)s AND limited <> %(limited)s
RETURNING user_name;

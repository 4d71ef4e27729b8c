-- Whom do all statements work for from here on, until the transaction ends?
SELECT set_config('lotwatch.user', %(user_name)s, true);

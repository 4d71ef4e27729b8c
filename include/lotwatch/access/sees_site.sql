-- May this user see this site?
SELECT
    EXISTS (
        SELECT FROM lotwatch.person
        WHERE user_name = %(user_name)s AND NOT limited
    )
    OR EXISTS (
        SELECT FROM lotwatch.site_access
        WHERE user_name = %(user_name)s AND site_id = %(site_id)s
    ) AS seen;

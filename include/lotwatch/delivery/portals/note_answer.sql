-- It answers.
UPDATE lotwatch.portal_state SET failures = 0, closed_until = NULL
WHERE portal = %(portal)s AND (failures > 0 OR closed_until IS NOT NULL);

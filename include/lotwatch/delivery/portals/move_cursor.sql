-- They have been read up to here.
UPDATE lotwatch.portal_state SET cursor = %(cursor)s
WHERE portal = %(portal)s;

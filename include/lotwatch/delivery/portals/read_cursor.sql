-- Up to where have the portal's answers been read?
SELECT cursor FROM lotwatch.portal_state
WHERE portal = %(portal)s;

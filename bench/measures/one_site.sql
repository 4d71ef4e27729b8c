-- One of the sites.
SELECT place.location_id FROM lotwatch.location AS place
WHERE place.kind = 'site'
ORDER BY place.code
LIMIT 1;

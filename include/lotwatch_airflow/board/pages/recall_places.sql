-- Where is what is affected, by the books: each place with what it has?
SELECT
    site.code AS site_code,
    site.name AS site_name,
    place.code AS location_code,
    place.name AS location_name,
    coalesce(sum(unit.quantity) FILTER (WHERE unit.whereabouts = 'stock'), 0)::bigint AS stock,
    coalesce(sum(unit.quantity) FILTER (WHERE unit.owner = 'consigned'), 0)::bigint AS consigned,
    coalesce(sum(unit.quantity) FILTER (WHERE unit.whereabouts = 'in_transit'), 0)::bigint AS in_transit,
    coalesce(sum(unit.allocated), 0)::bigint AS allocated,
    coalesce(sum(unit.quantity) FILTER (WHERE unit.whereabouts = 'used'), 0)::bigint AS used,
    coalesce(sum(unit.quantity) FILTER (WHERE unit.whereabouts = 'possible'), 0)::bigint AS possible
FROM lotwatch.recall_unit AS unit
INNER JOIN lotwatch.location AS place ON unit.place_id = place.location_id
LEFT JOIN lotwatch.location AS site ON unit.site_id = site.location_id
WHERE unit.case_id = %(case_id)s
GROUP BY site.code, site.name, place.code, place.name
ORDER BY stock DESC, site.code ASC, place.code ASC

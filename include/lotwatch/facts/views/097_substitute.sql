-- What may be used in place of an item at each site at the moment.
CREATE VIEW lotwatch.substitute_in_force AS
SELECT DISTINCT
    kept.item_id,
    kept.substitute_id,
    site.site_id
FROM lotwatch.item_substitute AS kept
INNER JOIN lotwatch.site_today AS site
    ON kept.valid_from <= site.today AND coalesce(kept.valid_through >= site.today, TRUE)
INNER JOIN lotwatch.location AS place ON site.site_id = place.location_id
INNER JOIN lotwatch.item AS other ON kept.substitute_id = other.item_id
WHERE
    other.active AND (kept.site_id IS NULL OR kept.site_id = site.site_id)
    AND (kept.region IS NULL OR kept.region = place.region);

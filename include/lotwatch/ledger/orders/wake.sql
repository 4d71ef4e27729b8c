-- What is less on its way than it was is looked at again.
INSERT INTO lotwatch.change (item_id, location_id)
SELECT
    item.item_id,
    site.location_id
FROM lotwatch.item AS item
CROSS JOIN lotwatch.location AS site
WHERE item.code = ANY(%(item_codes)s::text[]) AND site.code = %(site_code)s;

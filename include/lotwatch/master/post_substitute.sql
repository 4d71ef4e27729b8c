-- What may be used in place of an item, and where.
INSERT INTO lotwatch.item_substitute AS kept (
    item_id, substitute_id, site_id, region, approved_by, valid_from, valid_through
)
SELECT DISTINCT ON (item.item_id, other.item_id, site.location_id, staged.region, staged.valid_from)
    item.item_id,
    other.item_id AS substitute_id,
    site.location_id AS site_id,
    staged.region,
    staged.approved_by,
    staged.valid_from,
    staged.valid_through
FROM stage.substitute AS staged
INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
INNER JOIN lotwatch.item AS other ON staged.substitute_code = other.code
LEFT JOIN lotwatch.location AS site ON staged.site_code = site.code
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY item.item_id, other.item_id, site.location_id, staged.region, staged.valid_from, staged.record_no DESC
ON CONFLICT (item_id, substitute_id, site_id, region, valid_from) DO UPDATE
    SET approved_by = excluded.approved_by, valid_through = excluded.valid_through
    WHERE
    (kept.approved_by, kept.valid_through) IS DISTINCT FROM (excluded.approved_by, excluded.valid_through);

-- The levels that another system orders by.
INSERT INTO lotwatch.order_point AS kept (
    source, source_key, item_id, site_id, location_id, kind, minimum, target, maximum, active
)
SELECT DISTINCT ON (staged.source_key)
    batch.source,
    staged.source_key,
    item.item_id,
    site.location_id AS site_id,
    place.location_id,
    staged.kind,
    staged.minimum,
    staged.target,
    staged.maximum,
    coalesce(staged.active, true)
FROM stage.order_point AS staged
INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
INNER JOIN lotwatch.location AS site ON staged.site_code = site.code
INNER JOIN lotwatch.location AS place ON coalesce(staged.location_code, staged.site_code) = place.code
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY staged.source_key, staged.record_no DESC
ON CONFLICT (source, source_key) DO UPDATE
    SET
        item_id = excluded.item_id, site_id = excluded.site_id, location_id = excluded.location_id,
        kind = excluded.kind, minimum = excluded.minimum, target = excluded.target, maximum = excluded.maximum,
        active = excluded.active, recorded_at = now()
    WHERE
    (
        kept.item_id, kept.site_id, kept.location_id, kept.kind, kept.minimum, kept.target, kept.maximum, kept.active
    ) IS DISTINCT FROM (
        excluded.item_id, excluded.site_id, excluded.location_id, excluded.kind, excluded.minimum, excluded.target,
        excluded.maximum, excluded.active
    );

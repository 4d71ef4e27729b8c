-- Each place's parent, and the site it belongs to: the nearest place of kind site on the way up.
WITH RECURSIVE parent AS (
    SELECT DISTINCT ON (staged.code)
        staged.code,
        above.location_id AS parent_id
    FROM stage.location AS staged
    INNER JOIN lotwatch.location AS above ON staged.parent_code = above.code
    WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
    ORDER BY staged.code, staged.record_no DESC
),

place AS (
    SELECT
        location.location_id,
        location.kind,
        coalesce(parent.parent_id, location.parent_id) AS parent_id
    FROM lotwatch.location AS location
    LEFT JOIN parent ON location.code = parent.code
),

belongs AS (
    SELECT
        location_id,
        location_id AS site_id
    FROM place
    WHERE kind = 'site'
    UNION ALL
    SELECT
        place.location_id,
        belongs.site_id
    FROM place
    INNER JOIN belongs ON place.parent_id = belongs.location_id
    WHERE place.kind <> 'site'
)

UPDATE lotwatch.location AS kept
SET parent_id = place.parent_id, site_id = belongs.site_id
FROM place
LEFT JOIN belongs ON place.location_id = belongs.location_id
WHERE
    kept.location_id = place.location_id
    AND (kept.parent_id, kept.site_id) IS DISTINCT FROM (place.parent_id, belongs.site_id);

-- What changed and waits to be evaluated? Taken off the queue; its items and their sites are kept until the transaction
-- ends.
WITH taken AS (
    DELETE FROM lotwatch.change
    RETURNING item_id, location_id
),

items AS (
    INSERT INTO lotwatch.changed_item (item_id)
    SELECT DISTINCT item_id
    FROM taken
    WHERE item_id IS NOT NULL
),

item_sites AS (
    INSERT INTO lotwatch.changed_item_site (item_id, site_id)
    SELECT
        taken.item_id,
        place.site_id
    FROM taken
    INNER JOIN lotwatch.location AS place ON taken.location_id = place.location_id
    WHERE place.site_id IS NOT NULL
    UNION
    SELECT
        taken.item_id,
        site.location_id
    FROM taken
    INNER JOIN lotwatch.location AS site ON taken.location_id IS NULL AND site.kind = 'site'
    WHERE taken.item_id IS NOT NULL
    RETURNING item_id
)

SELECT
    (SELECT coalesce(bool_or(taken.item_id IS NULL), FALSE) FROM taken) AS anything,
    (SELECT count(*) FROM item_sites) AS item_sites,
    (
        SELECT relation.reltuples
        FROM pg_catalog.pg_class AS relation
        WHERE relation.oid = 'lotwatch.position'::regclass
    )::bigint AS positions;

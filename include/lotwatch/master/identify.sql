-- A device identifier is on a package of this item; answers the item that it is on now, which is another one where that was
-- known before, with or without leading zeros.
WITH known AS (
    SELECT item.code
    FROM lotwatch.item_identifier AS identifier
    INNER JOIN lotwatch.item AS item ON identifier.item_id = item.item_id
    WHERE lotwatch.identifier_key(identifier.code) = lotwatch.identifier_key(%(code)s)
),

written AS (
    INSERT INTO lotwatch.item_identifier (agency, code, item_id, package_level, units_contained)
    SELECT
        lotwatch.identifier_agency(%(code)s),
        %(code)s,
        item.item_id,
        %(level)s,
        %(units)s
    FROM lotwatch.item AS item
    WHERE item.code = %(item_code)s AND NOT EXISTS (SELECT 1 FROM known)
    RETURNING item_id
)

SELECT item.code
FROM written
INNER JOIN lotwatch.item AS item ON written.item_id = item.item_id
UNION ALL
SELECT known.code
FROM known;

-- A system's code is this item of ours; answers the item that it is now, which is another one where that was known before.
WITH written AS (
    INSERT INTO lotwatch.cross_reference (system, kind, their_code, our_code)
    SELECT
        %(system)s,
        'item',
        %(their_code)s,
        item.code
    FROM lotwatch.item AS item
    WHERE item.code = %(our_code)s
    ON CONFLICT (system, kind, their_code) DO NOTHING
    RETURNING our_code
)

SELECT written.our_code
FROM written
UNION ALL
SELECT known.our_code
FROM lotwatch.cross_reference AS known
WHERE known.system = %(system)s AND known.kind = 'item' AND known.their_code = %(their_code)s;

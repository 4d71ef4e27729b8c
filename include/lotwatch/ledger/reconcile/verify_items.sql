-- Of which items is there more or less in all places together than came in from outside less what went out?
WITH held AS (
    SELECT
        item_id,
        sum(quantity) AS quantity
    FROM lotwatch.position
    GROUP BY item_id
),

crossed AS (
    SELECT
        item_id,
        sum(quantity * (to_counted::integer - from_counted::integer)) AS quantity
    FROM lotwatch.movement
    WHERE to_counted <> from_counted
    GROUP BY item_id
)

SELECT
    'item total' AS "check",
    item.code AS subject,
    coalesce(held.quantity, 0)::bigint AS found,
    coalesce(crossed.quantity, 0)::bigint AS expected
FROM held
FULL JOIN crossed ON held.item_id = crossed.item_id
INNER JOIN lotwatch.item AS item ON item.item_id = coalesce(held.item_id, crossed.item_id)
WHERE coalesce(held.quantity, 0) <> coalesce(crossed.quantity, 0)
ORDER BY item.code;

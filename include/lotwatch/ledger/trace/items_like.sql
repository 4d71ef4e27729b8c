-- Codes of items that begin alike.
SELECT item.code
FROM lotwatch.item AS item
WHERE starts_with(item.code, %(beginning)s)
ORDER BY item.code
LIMIT 1000;

-- What did device records fill into items last?
SELECT
    item.code AS item_code,
    item.name AS item_name,
    fill.field,
    fill.value,
    fill.source,
    fill.source_key,
    fill.filled_at
FROM lotwatch.item_fill AS fill
INNER JOIN lotwatch.item AS item ON fill.item_id = item.item_id
ORDER BY fill.filled_at DESC, item.code, fill.field, fill.value
LIMIT 50

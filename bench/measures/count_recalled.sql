-- How many lots of an item are held by a recall?
SELECT count(DISTINCT placed.lot_id)
FROM lotwatch.hold AS placed
INNER JOIN lotwatch.item AS item ON placed.item_id = item.item_id
WHERE item.code = %(item)s AND placed.cause = 'recall' AND placed.released_at IS NULL;

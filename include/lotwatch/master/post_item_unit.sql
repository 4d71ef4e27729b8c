-- How many base units are in one of another unit of an item?
INSERT INTO lotwatch.item_unit AS kept (item_id, unit, factor)
SELECT DISTINCT ON (item.item_id, staged.unit)
    item.item_id,
    staged.unit,
    staged.factor
FROM stage.item_unit AS staged
INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY item.item_id, staged.unit, staged.record_no DESC
ON CONFLICT (item_id, unit) DO UPDATE
    SET factor = excluded.factor
    WHERE kept.factor <> excluded.factor;

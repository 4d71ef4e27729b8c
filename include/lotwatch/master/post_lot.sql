-- Lots and their dates. A serial unit without a lot is no lot: the next statement keeps it.
INSERT INTO lotwatch.lot AS kept (item_id, number, manufactured_on, usable_through)
SELECT DISTINCT ON (item.item_id, staged.lot_number)
    item.item_id,
    staged.lot_number,
    staged.manufactured_on,
    staged.usable_through
FROM stage.lot AS staged
INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND staged.lot_number IS NOT NULL
ORDER BY item.item_id, staged.lot_number, staged.record_no DESC
ON CONFLICT (item_id, number) DO UPDATE
    SET manufactured_on = excluded.manufactured_on, usable_through = excluded.usable_through
    WHERE
    (kept.manufactured_on, kept.usable_through)
    IS DISTINCT FROM (excluded.manufactured_on, excluded.usable_through);

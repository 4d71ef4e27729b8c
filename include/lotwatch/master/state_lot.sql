-- The dates that this source states for its lots: to compare with what other systems state.
INSERT INTO lotwatch.lot_statement AS kept (source, lot_id, manufactured_on, usable_through, stated_at)
SELECT DISTINCT ON (lot.lot_id)
    batch.source,
    lot.lot_id,
    staged.manufactured_on,
    staged.usable_through,
    batch.as_of
FROM stage.lot AS staged
INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
INNER JOIN lotwatch.lot AS lot ON item.item_id = lot.item_id AND staged.lot_number = lot.number
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND staged.serial_number IS NULL
ORDER BY lot.lot_id, staged.record_no DESC
ON CONFLICT (lot_id, source) DO UPDATE
    SET
        manufactured_on = excluded.manufactured_on, usable_through = excluded.usable_through,
        stated_at = excluded.stated_at
    WHERE
    (kept.manufactured_on, kept.usable_through) IS DISTINCT FROM (excluded.manufactured_on, excluded.usable_through);

-- Inspections as the quality system has them.
INSERT INTO lotwatch.inspection AS kept (source, source_key, number, item_id, lot_id, state, opened_at, closed_at)
SELECT DISTINCT ON (staged.source_key)
    batch.source,
    staged.source_key,
    staged.number,
    item.item_id,
    lot.lot_id,
    staged.state,
    staged.opened_at,
    staged.closed_at
FROM stage.inspection AS staged
INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
LEFT JOIN lotwatch.lot AS lot ON item.item_id = lot.item_id AND staged.lot_number = lot.number
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY staged.source_key, staged.record_no DESC
ON CONFLICT (source, source_key) DO UPDATE
    SET
        number = excluded.number, item_id = excluded.item_id, lot_id = excluded.lot_id, state = excluded.state,
        opened_at = excluded.opened_at, closed_at = excluded.closed_at
    WHERE
    (kept.number, kept.item_id, kept.lot_id, kept.state, kept.opened_at, kept.closed_at)
    IS DISTINCT FROM (
        excluded.number, excluded.item_id, excluded.lot_id, excluded.state, excluded.opened_at, excluded.closed_at
    );

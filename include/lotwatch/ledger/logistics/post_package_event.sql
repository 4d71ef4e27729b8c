-- What was put into packages or taken out of them, each event once for ever.
INSERT INTO lotwatch.package_event (
    source, source_key, sscc, action, child_sscc, item_id, lot_id, serial_id, quantity, occurred_at, takes_back
)
SELECT DISTINCT ON (staged.source_key)
    batch.source,
    staged.source_key,
    staged.sscc,
    staged.action,
    staged.child_sscc,
    item.item_id,
    CASE WHEN serial_unit.serial_id IS NULL THEN coalesce(lot.lot_id, 0) ELSE 0 END AS lot_id,
    coalesce(serial_unit.serial_id, 0) AS serial_id,
    staged.quantity::bigint,
    staged.occurred_at,
    staged.takes_back
FROM stage.package_event AS staged
INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
LEFT JOIN lotwatch.item AS item ON staged.item_code = item.code
LEFT JOIN lotwatch.lot AS lot ON item.item_id = lot.item_id AND staged.lot_number = lot.number
LEFT JOIN lotwatch.serial_unit AS serial_unit
    ON item.item_id = serial_unit.item_id AND staged.serial_number = serial_unit.number
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY staged.source_key, staged.record_no
ON CONFLICT (source, source_key) DO NOTHING;

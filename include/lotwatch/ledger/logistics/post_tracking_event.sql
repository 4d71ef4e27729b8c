-- What happened to packages, deliveries and things, each event once for ever. A place that is not ours stays a name.
INSERT INTO lotwatch.tracking_event (
    source, source_key, event_key, event_type, action, biz_step, disposition, occurred_at, stated_at, location_id, place,
    read_point, destination_id, sscc, delivery_key, delivery_number, order_number, item_id, lot_id, serial_id, quantity,
    transactions, error_reason, error_declared_at, corrected_by, announces, takes_back
)
SELECT DISTINCT ON (staged.source_key)
    batch.source,
    staged.source_key,
    staged.event_key,
    staged.event_type,
    staged.action,
    staged.biz_step,
    staged.disposition,
    staged.occurred_at,
    staged.recorded_at,
    place.location_id,
    staged.location_code,
    staged.read_point,
    destination.location_id AS destination_id,
    staged.sscc,
    staged.delivery_key,
    staged.delivery_number,
    staged.order_number,
    item.item_id,
    CASE WHEN serial_unit.serial_id IS NULL THEN coalesce(lot.lot_id, 0) ELSE 0 END AS lot_id,
    coalesce(serial_unit.serial_id, 0) AS serial_id,
    staged.quantity::bigint,
    coalesce(staged.transactions, '[]'),
    staged.error_reason,
    staged.error_declared_at,
    staged.corrected_by,
    staged.announces,
    staged.takes_back
FROM stage.tracking_event AS staged
INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
LEFT JOIN lotwatch.location AS place ON staged.location_code = place.code
LEFT JOIN lotwatch.location AS destination ON staged.to_location = destination.code
LEFT JOIN lotwatch.item AS item ON staged.item_code = item.code
LEFT JOIN lotwatch.lot AS lot ON item.item_id = lot.item_id AND staged.lot_number = lot.number
LEFT JOIN lotwatch.serial_unit AS serial_unit
    ON item.item_id = serial_unit.item_id AND staged.serial_number = serial_unit.number
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY staged.source_key, staged.record_no
ON CONFLICT (source, source_key) DO NOTHING;

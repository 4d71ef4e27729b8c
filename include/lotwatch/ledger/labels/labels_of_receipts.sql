-- Which movements of a batch brought something from a supplier lately, with what label, read as of when?
SELECT
    staged.source_key,
    coalesce(staged.udi, serial_unit.udi, lot.udi) AS udi,
    batch.as_of::date AS read_on
FROM stage.movement AS staged
INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
INNER JOIN lotwatch.location AS origin ON staged.from_location = origin.code
INNER JOIN lotwatch.location AS destination ON staged.to_location = destination.code
INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
LEFT JOIN lotwatch.lot AS lot ON item.item_id = lot.item_id AND staged.lot_number = lot.number
LEFT JOIN lotwatch.serial_unit AS serial_unit
    ON item.item_id = serial_unit.item_id AND staged.serial_number = serial_unit.number
WHERE
    staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND staged.reverses_key IS NULL AND NOT batch.backfilled
    AND origin.kind = 'supplier' AND destination.holds_stock
    AND staged.occurred_at >= batch.as_of - %(days)s * interval '1 day';

-- What was found is brought in, what was missing is taken out, at the moment of the count.
INSERT INTO stage.movement (
    batch_id, source_key, raw, errors, kind, reason, item_code, lot_number, serial_number, from_location, to_location,
    from_owner, to_owner, from_status, to_status, quantity, document, occurred_at
)
SELECT
    %(batch_id)s,
    concat_ws(
        '/',
        stocktake.code, line.item_id, line.location_id, line.lot_id, line.serial_id, line.owner, line.status
    ),
    jsonb_build_object('stocktake', stocktake.code, 'counted', line.counted, 'expected', line.expected),
    '{}',
    CASE stocktake.kind WHEN 'opening' THEN 'opening' ELSE 'stocktake' END,
    stocktake.note,
    item.code AS item_code,
    lot.number AS lot_number,
    serial_unit.number AS serial_number,
    CASE WHEN line.variance > 0 THEN nowhere.code ELSE place.code END,
    CASE WHEN line.variance > 0 THEN place.code ELSE nowhere.code END,
    line.owner AS from_owner,
    line.owner AS to_owner,
    line.status AS from_status,
    line.status AS to_status,
    abs(line.variance),
    stocktake.code AS document,
    stocktake.counted_at
FROM lotwatch.stocktake AS stocktake
INNER JOIN lotwatch.stocktake_line AS line ON stocktake.stocktake_id = line.stocktake_id
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.location AS place ON line.location_id = place.location_id
INNER JOIN lotwatch.location AS nowhere ON nowhere.code = 'LOTWATCH/COUNT'
LEFT JOIN lotwatch.lot AS lot ON line.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS serial_unit ON line.serial_id = serial_unit.serial_id
WHERE stocktake.stocktake_id = %(stocktake_id)s AND line.variance <> 0;

-- What belongs in each kit and what of it is missing? A line that expects 0 has left its kit.
MERGE INTO lotwatch.kit_content AS kept
USING (
    SELECT DISTINCT ON (told.kit_id, told.item_id, told.lot_id, told.serial_id) told.*
    FROM (
        SELECT
            kit.kit_id,
            item.item_id,
            coalesce(serial_unit.lot_id, lot.lot_id, 0) AS lot_id,
            coalesce(serial_unit.serial_id, 0) AS serial_id,
            staged.expected_quantity,
            coalesce(staged.missing_quantity, 0) AS missing_quantity,
            staged.record_no
        FROM stage.kit AS staged
        INNER JOIN lotwatch.kit AS kit ON staged.code = kit.code
        INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
        LEFT JOIN lotwatch.lot AS lot ON item.item_id = lot.item_id AND staged.lot_number = lot.number
        LEFT JOIN lotwatch.serial_unit AS serial_unit
            ON item.item_id = serial_unit.item_id AND staged.serial_number = serial_unit.number
        WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
    ) AS told
    ORDER BY told.kit_id, told.item_id, told.lot_id, told.serial_id, told.record_no DESC
) AS line
    ON
        kept.kit_id = line.kit_id AND kept.item_id = line.item_id
        AND kept.lot_id = line.lot_id AND kept.serial_id = line.serial_id
WHEN MATCHED AND line.expected_quantity = 0 THEN DELETE
WHEN
MATCHED
AND (kept.expected_quantity, kept.missing_quantity) IS DISTINCT FROM (line.expected_quantity, line.missing_quantity)
THEN
    UPDATE SET expected_quantity = line.expected_quantity, missing_quantity = line.missing_quantity
WHEN NOT MATCHED AND line.expected_quantity > 0 THEN
    INSERT (kit_id, item_id, lot_id, serial_id, expected_quantity, missing_quantity)
    VALUES (line.kit_id, line.item_id, line.lot_id, line.serial_id, line.expected_quantity, line.missing_quantity);

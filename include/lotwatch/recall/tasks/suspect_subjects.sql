-- Which affected lots and units are of an item that ever left a place without its lot or serial number?
SELECT
    concerned.lot_id,
    concerned.serial_id
FROM lotwatch.recall_match_current AS concerned
WHERE
    concerned.case_id = %(case_id)s AND concerned.verdict = 'affected'
    AND (concerned.lot_id <> 0 OR concerned.serial_id <> 0)
    AND EXISTS (
        SELECT FROM lotwatch.movement_flag AS flag
        WHERE flag.item_id = concerned.item_id AND flag.flag IN ('lot_missing', 'serial_missing')
    );

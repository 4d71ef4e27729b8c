-- Serial units, with their lot where they have one and their own dates.
INSERT INTO lotwatch.serial_unit AS kept (
    item_id, number, lot_id, manufactured_on, usable_through, sterile_until, udi
)
SELECT DISTINCT ON (item.item_id, staged.serial_number)
    item.item_id,
    staged.serial_number,
    lot.lot_id,
    staged.manufactured_on,
    staged.usable_through,
    staged.sterile_until,
    staged.udi
FROM stage.lot AS staged
INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
LEFT JOIN lotwatch.lot AS lot ON item.item_id = lot.item_id AND staged.lot_number = lot.number
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND staged.serial_number IS NOT NULL
ORDER BY item.item_id, staged.serial_number, staged.record_no DESC
ON CONFLICT (item_id, number) DO UPDATE
    SET
        lot_id = coalesce(excluded.lot_id, kept.lot_id),
        manufactured_on = coalesce(excluded.manufactured_on, kept.manufactured_on),
        usable_through = coalesce(excluded.usable_through, kept.usable_through),
        sterile_until = coalesce(excluded.sterile_until, kept.sterile_until), udi = coalesce(excluded.udi, kept.udi)
    WHERE
    (kept.lot_id, kept.manufactured_on, kept.usable_through, kept.sterile_until, kept.udi)
    IS DISTINCT FROM (
        coalesce(excluded.lot_id, kept.lot_id),
        coalesce(excluded.manufactured_on, kept.manufactured_on),
        coalesce(excluded.usable_through, kept.usable_through),
        coalesce(excluded.sterile_until, kept.sterile_until), coalesce(excluded.udi, kept.udi)
    );

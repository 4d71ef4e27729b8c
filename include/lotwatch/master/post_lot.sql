-- Lots and their dates. A serial unit without a lot is no lot: the next statement keeps it. What only a label tells (until
-- when it is sterile, its UDI) stays where a record does not say, and so do its dates: not every system keeps them. What a
-- unit's record says is the unit's: its lot has it where nothing is said of the lot, of several units the earliest.
INSERT INTO lotwatch.lot AS kept (item_id, number, manufactured_on, usable_through, sterile_until, udi)
SELECT DISTINCT ON (item.item_id, staged.lot_number)
    item.item_id,
    staged.lot_number,
    coalesce(known.manufactured_on, staged.manufactured_on),
    coalesce(known.usable_through, staged.usable_through),
    coalesce(known.sterile_until, staged.sterile_until),
    CASE WHEN staged.serial_number IS NULL THEN staged.udi END AS udi
FROM stage.lot AS staged
INNER JOIN lotwatch.item AS item ON staged.item_code = item.code
LEFT JOIN lotwatch.lot AS known
    ON item.item_id = known.item_id AND staged.lot_number = known.number AND staged.serial_number IS NOT NULL
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND staged.lot_number IS NOT NULL
ORDER BY
    item.item_id, staged.lot_number, staged.serial_number IS NOT NULL,
    CASE WHEN staged.serial_number IS NOT NULL THEN staged.usable_through END, staged.record_no DESC
ON CONFLICT (item_id, number) DO UPDATE
    SET
        manufactured_on = coalesce(excluded.manufactured_on, kept.manufactured_on),
        usable_through = coalesce(excluded.usable_through, kept.usable_through),
        sterile_until = coalesce(excluded.sterile_until, kept.sterile_until), udi = coalesce(excluded.udi, kept.udi)
    WHERE
    (kept.manufactured_on, kept.usable_through, kept.sterile_until, kept.udi)
    IS DISTINCT FROM (
        coalesce(excluded.manufactured_on, kept.manufactured_on),
        coalesce(excluded.usable_through, kept.usable_through),
        coalesce(excluded.sterile_until, kept.sterile_until), coalesce(excluded.udi, kept.udi)
    );

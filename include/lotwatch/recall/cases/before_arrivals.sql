-- Up to which number are items, lots, units and changes of stock known? What the transaction adds comes after them.
SELECT
    coalesce((SELECT max(item.item_id) FROM lotwatch.item AS item), 0) AS item_id,
    coalesce((SELECT max(lot.lot_id) FROM lotwatch.lot AS lot), 0) AS lot_id,
    coalesce((SELECT max(unit.serial_id) FROM lotwatch.serial_unit AS unit), 0) AS serial_id,
    coalesce((SELECT max(change.change_id) FROM lotwatch.change AS change), 0) AS change_id;

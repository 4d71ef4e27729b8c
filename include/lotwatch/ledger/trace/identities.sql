-- What do the labels of these lots and serial units say? `units` are a lot's serial units.
SELECT
    lot.lot_id,
    0::bigint AS serial_id,
    item.item_id,
    item.code AS item_code,
    item.name AS item_name,
    item.base_unit,
    lot.number AS lot_number,
    NULL::text AS serial_number,
    lot.manufactured_on,
    lot.usable_through,
    lot.sterile_until,
    0::bigint AS own_lot_id,
    ARRAY(
        SELECT unit.serial_id
        FROM lotwatch.serial_unit AS unit
        WHERE unit.item_id = lot.item_id AND unit.lot_id = lot.lot_id
    ) AS units
FROM lotwatch.lot AS lot
INNER JOIN lotwatch.item AS item ON lot.item_id = item.item_id
WHERE lot.lot_id = ANY(%(lots)s::bigint[])
UNION ALL
SELECT
    0,
    unit.serial_id,
    item.item_id,
    item.code,
    item.name,
    item.base_unit,
    lot.number AS lot_number,
    unit.number AS serial_number,
    coalesce(unit.manufactured_on, lot.manufactured_on),
    coalesce(unit.usable_through, lot.usable_through),
    coalesce(unit.sterile_until, lot.sterile_until),
    coalesce(unit.lot_id, 0),
    '{}'
FROM lotwatch.serial_unit AS unit
INNER JOIN lotwatch.item AS item ON unit.item_id = item.item_id
LEFT JOIN lotwatch.lot AS lot ON unit.lot_id = lot.lot_id
WHERE unit.serial_id = ANY(%(serials)s::bigint[]);

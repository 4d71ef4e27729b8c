-- All lot numbers of an item (or, `by_serial`, its serial numbers).
SELECT lot.number
FROM lotwatch.lot AS lot
WHERE NOT %(by_serial)s::boolean AND lot.item_id = %(item_id)s
UNION ALL
SELECT unit.number
FROM lotwatch.serial_unit AS unit
WHERE %(by_serial)s::boolean AND unit.item_id = %(item_id)s;

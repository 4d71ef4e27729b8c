-- Which of these items have a lot or a serial unit of one of these numbers?
SELECT lot.item_id
FROM lotwatch.lot AS lot
WHERE lot.item_id = ANY(%(items)s::bigint[]) AND lotwatch.number_key(lot.number) = ANY(%(numbers)s::text[])
UNION
SELECT unit.item_id
FROM lotwatch.serial_unit AS unit
WHERE unit.item_id = ANY(%(items)s::bigint[]) AND lotwatch.number_key(unit.number) = ANY(%(numbers)s::text[]);

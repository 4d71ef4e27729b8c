-- Some positions of lots, in different corners of the company.
SELECT
    known.item_id,
    known.location_id,
    known.lot_id
FROM lotwatch.position AS known
WHERE known.lot_id <> 0 AND known.quantity > 0
ORDER BY md5(known.lot_id::text)
LIMIT %(count)s;

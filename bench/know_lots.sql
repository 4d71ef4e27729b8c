-- What became of the items and lots of a slice, so that its history can refer to them.
WITH told AS (
    SELECT
        known.number,
        item.item_id,
        array_agg(lot.lot_id ORDER BY n.number) AS lot_ids
    FROM bench.item_site AS known
    INNER JOIN lotwatch.item AS item ON known.item_code = item.code
    CROSS JOIN generate_series(1, 3) AS n (number)
    INNER JOIN lotwatch.lot AS lot ON item.item_id = lot.item_id AND lot.number = known.number || '-' || n.number
    WHERE known.number >= %(first)s AND known.number < %(past)s
    GROUP BY known.number, item.item_id
)

UPDATE bench.item_site AS known
SET item_id = told.item_id, lot_ids = told.lot_ids
FROM told
WHERE known.number = told.number;

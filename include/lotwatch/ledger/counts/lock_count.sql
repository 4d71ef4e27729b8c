-- A count, and how far it is from the books. Nobody else decides on it until the transaction ends.
SELECT
    stocktake.code,
    stocktake.state,
    stocktake.counted_by,
    stocktake.counted_at,
    (
        SELECT coalesce(sum(abs(line.variance)), 0)::bigint
        FROM lotwatch.stocktake_line AS line
        WHERE line.stocktake_id = stocktake.stocktake_id
    ) AS variance
FROM lotwatch.stocktake AS stocktake
WHERE stocktake.stocktake_id = %(stocktake_id)s
FOR UPDATE;

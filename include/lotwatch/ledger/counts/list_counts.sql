-- Counts with how far they are from the books, those that wait for a decision first.
SELECT
    stocktake.code,
    stocktake.kind,
    site.code AS site_code,
    stocktake.counted_at,
    stocktake.counted_by,
    stocktake.state,
    stocktake.decided_by,
    line.lines,
    line.differing,
    line.variance
FROM lotwatch.stocktake AS stocktake
INNER JOIN lotwatch.location AS site ON stocktake.site_id = site.location_id
CROSS JOIN
    LATERAL (
        SELECT
            count(*) AS lines,
            count(*) FILTER (WHERE part.variance <> 0) AS differing,
            coalesce(sum(abs(part.variance)), 0)::bigint AS variance
        FROM lotwatch.stocktake_line AS part
        WHERE part.stocktake_id = stocktake.stocktake_id
    ) AS line
ORDER BY stocktake.state <> 'proposed', stocktake.counted_at DESC, stocktake.stocktake_id DESC
LIMIT %(limit)s;

-- Which counts were brought in, how far from the books, and what was decided on them?
SELECT
    stocktake.stocktake_id,
    stocktake.code,
    stocktake.source,
    stocktake.number,
    stocktake.kind,
    stocktake.state,
    CASE stocktake.state WHEN 'proposed' THEN 1 ELSE 2 END AS urgency,
    site.location_id AS site_id,
    site.code AS site_code,
    site.name AS site_name,
    site.time_zone,
    stocktake.counted_at,
    stocktake.counted_by,
    stocktake.recorded_at,
    stocktake.decided_at,
    stocktake.decided_by,
    stocktake.note,
    line.lines,
    line.lines_off,
    line.units_off,
    line.net_value
FROM lotwatch.stocktake AS stocktake
INNER JOIN lotwatch.location AS site ON stocktake.site_id = site.location_id
CROSS JOIN
    LATERAL (
        SELECT
            count(*) AS lines,
            count(*) FILTER (WHERE part.variance <> 0) AS lines_off,
            coalesce(sum(abs(part.variance)), 0)::bigint AS units_off,
            coalesce(sum(part.variance * item.unit_cost), 0) AS net_value
        FROM lotwatch.stocktake_line AS part
        INNER JOIN lotwatch.item AS item ON part.item_id = item.item_id
        WHERE part.stocktake_id = stocktake.stocktake_id
    ) AS line
WHERE
    (%(stocktake)s::bigint IS NULL OR stocktake.stocktake_id = %(stocktake)s)
    AND (%(state)s::text IS NULL OR stocktake.state = %(state)s)
    AND (%(site)s::text IS NULL OR site.code = %(site)s)

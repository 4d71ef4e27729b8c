-- Differences that somebody should have settled: between systems, and between a count and the books.
CREATE VIEW lotwatch.fact_difference AS
SELECT
    finding.check_id || '|' || finding.subject_key AS subject_key,
    finding.check_id,
    finding.item_id,
    finding.site_id,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    finding.severity AS check_severity,
    finding.quantity AS difference,
    finding.value AS difference_value,
    (lotwatch.as_of() AT TIME ZONE 'UTC')::date - (finding.first_seen AT TIME ZONE 'UTC')::date AS days_open,
    coalesce(finding.accepted_through >= (lotwatch.as_of() AT TIME ZONE 'UTC')::date, FALSE) AS accepted,
    FALSE AS data_in_quarantine
FROM lotwatch.check_finding AS finding
LEFT JOIN lotwatch.item AS item ON finding.item_id = item.item_id
LEFT JOIN lotwatch.location AS site ON finding.site_id = site.location_id
WHERE
    finding.first_seen <= (SELECT lotwatch.as_of())
    AND (finding.resolved_at IS NULL OR finding.resolved_at > (SELECT lotwatch.as_of()));

CREATE VIEW lotwatch.fact_stocktake AS
SELECT
    stocktake.code AS subject_key,
    stocktake.site_id,
    stocktake.code AS number,
    stocktake.kind,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    stocktake.counted_at,
    (lotwatch.as_of() AT TIME ZONE 'UTC')::date - (stocktake.recorded_at AT TIME ZONE 'UTC')::date AS days_waiting,
    line.lines,
    line.lines_off,
    line.units_off,
    line.value_off,
    FALSE AS data_in_quarantine
FROM lotwatch.stocktake AS stocktake
INNER JOIN lotwatch.location AS site ON stocktake.site_id = site.location_id
CROSS JOIN
    LATERAL (
        SELECT
            count(*) AS lines,
            count(*) FILTER (WHERE counted.variance <> 0) AS lines_off,
            coalesce(sum(abs(counted.variance)), 0)::bigint AS units_off,
            coalesce(sum(abs(counted.variance) * item.unit_cost), 0) AS value_off
        FROM lotwatch.stocktake_line AS counted
        INNER JOIN lotwatch.item AS item ON counted.item_id = item.item_id
        WHERE counted.stocktake_id = stocktake.stocktake_id
    ) AS line
WHERE
    stocktake.recorded_at <= (SELECT lotwatch.as_of())
    AND (stocktake.decided_at IS NULL OR stocktake.decided_at > (SELECT lotwatch.as_of()));

COMMENT ON VIEW lotwatch.fact_difference IS 'One row for each difference that a check across systems has found and that is still there.';
COMMENT ON COLUMN lotwatch.fact_difference.subject_key IS 'what an alert is about: check | subject of the check';
COMMENT ON COLUMN lotwatch.fact_difference.check_id IS 'which check found it';
COMMENT ON COLUMN lotwatch.fact_difference.item_id IS 'our number of the item; null: it concerns none';
COMMENT ON COLUMN lotwatch.fact_difference.site_id IS 'our number of the site; null: none, or several';
COMMENT ON COLUMN lotwatch.fact_difference.item_code IS 'code of the item; null: it concerns none';
COMMENT ON COLUMN lotwatch.fact_difference.item_name IS 'name of the item; null: it concerns none';
COMMENT ON COLUMN lotwatch.fact_difference.category IS 'category of the item; null: it concerns none, or not told';
COMMENT ON COLUMN lotwatch.fact_difference.criticality IS 'life_supporting, critical or standard; null: it concerns no item';
COMMENT ON COLUMN lotwatch.fact_difference.site_code IS 'code of the site; null: none, or several';
COMMENT ON COLUMN lotwatch.fact_difference.site_name IS 'name of the site; null: none, or several';
COMMENT ON COLUMN lotwatch.fact_difference.region IS 'region of the site; null: none, several, or not told';
COMMENT ON COLUMN lotwatch.fact_difference.check_severity IS 'how bad the check takes it: critical, warning or info';
COMMENT ON COLUMN lotwatch.fact_difference.difference IS 'the difference (base units; negative: they state less than we have); null: it has none';
COMMENT ON COLUMN lotwatch.fact_difference.difference_value IS 'the same at unit cost (the company''s currency); null: it has none, or cost not told';
COMMENT ON COLUMN lotwatch.fact_difference.days_open IS 'days since it was first found';
COMMENT ON COLUMN lotwatch.fact_difference.accepted IS 'somebody has accepted it, for now';
COMMENT ON COLUMN lotwatch.fact_difference.data_in_quarantine IS 'always false: no item''s records decide about it';

COMMENT ON VIEW lotwatch.fact_stocktake IS 'One row for each count of a site that nobody has approved or rejected yet.';
COMMENT ON COLUMN lotwatch.fact_stocktake.subject_key IS 'what an alert is about: number of the count';
COMMENT ON COLUMN lotwatch.fact_stocktake.site_id IS 'our number of the site';
COMMENT ON COLUMN lotwatch.fact_stocktake.number IS 'number of the count';
COMMENT ON COLUMN lotwatch.fact_stocktake.kind IS 'opening or count';
COMMENT ON COLUMN lotwatch.fact_stocktake.site_code IS 'code of the site';
COMMENT ON COLUMN lotwatch.fact_stocktake.site_name IS 'name of the site';
COMMENT ON COLUMN lotwatch.fact_stocktake.region IS 'region of the site; null: not told';
COMMENT ON COLUMN lotwatch.fact_stocktake.counted_at IS 'when it was counted';
COMMENT ON COLUMN lotwatch.fact_stocktake.days_waiting IS 'days since we have it';
COMMENT ON COLUMN lotwatch.fact_stocktake.lines IS 'positions counted';
COMMENT ON COLUMN lotwatch.fact_stocktake.lines_off IS 'of these, other than the books';
COMMENT ON COLUMN lotwatch.fact_stocktake.units_off IS 'sum of the differences, whichever their sign (base units)';
COMMENT ON COLUMN lotwatch.fact_stocktake.value_off IS 'the same at unit cost (the company''s currency), of items whose cost is told';
COMMENT ON COLUMN lotwatch.fact_stocktake.data_in_quarantine IS 'always false: no item''s records decide about it';

-- How the lots of items pass inspection.
CREATE VIEW lotwatch.fact_item_quality AS
WITH inspected AS (
    SELECT
        inspection.item_id,
        count(*) AS inspections,
        count(*) FILTER (WHERE inspection.state = 'failed') AS failed_inspections,
        count(DISTINCT inspection.lot_id) FILTER (WHERE inspection.state = 'failed') AS failed_lots
    FROM lotwatch.inspection AS inspection
    WHERE
        inspection.state IN ('passed', 'failed') AND inspection.closed_at <= (SELECT lotwatch.as_of())
        AND inspection.closed_at > (SELECT lotwatch.as_of()) - interval '180 days'
    GROUP BY inspection.item_id
),

alerted AS (
    SELECT
        alert.item_id,
        count(*) AS quality_alerts
    FROM lotwatch.quality_alert_open AS alert
    WHERE alert.item_id IS NOT NULL
    GROUP BY alert.item_id
)

SELECT
    item.code AS subject_key,
    item_id,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    coalesce(inspected.inspections, 0) AS inspections,
    coalesce(inspected.failed_inspections, 0) AS failed_inspections,
    coalesce(inspected.failed_lots, 0) AS failed_lots,
    round(inspected.failed_inspections::numeric / nullif(inspected.inspections, 0), 3) AS failure_rate,
    coalesce(alerted.quality_alerts, 0) AS quality_alerts,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine
FROM inspected
FULL JOIN alerted USING (item_id)
INNER JOIN lotwatch.item AS item USING (item_id);

COMMENT ON VIEW lotwatch.fact_item_quality IS 'One row for each item inspected in the last 180 days, or with an open quality alert.';
COMMENT ON COLUMN lotwatch.fact_item_quality.subject_key IS 'what an alert is about: item code';
COMMENT ON COLUMN lotwatch.fact_item_quality.item_id IS 'our number of the item';
COMMENT ON COLUMN lotwatch.fact_item_quality.item_code IS 'code of the item';
COMMENT ON COLUMN lotwatch.fact_item_quality.item_name IS 'name of the item';
COMMENT ON COLUMN lotwatch.fact_item_quality.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_item_quality.criticality IS 'life_supporting, critical or standard';
COMMENT ON COLUMN lotwatch.fact_item_quality.inspections IS 'its inspections that were decided in the last 180 days (inspections)';
COMMENT ON COLUMN lotwatch.fact_item_quality.failed_inspections IS 'of inspections: failed (inspections)';
COMMENT ON COLUMN lotwatch.fact_item_quality.failed_lots IS 'lots that failed one of them (lots)';
COMMENT ON COLUMN lotwatch.fact_item_quality.failure_rate IS 'failed_inspections / inspections (0 to 1); null: none was decided';
COMMENT ON COLUMN lotwatch.fact_item_quality.quality_alerts IS 'alerts of the quality system about it that are not settled (alerts)';
COMMENT ON COLUMN lotwatch.fact_item_quality.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

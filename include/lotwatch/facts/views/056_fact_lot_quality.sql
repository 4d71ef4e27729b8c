-- Lots about which there is bad news: failed inspections, open quality alerts; and what of them can still be used.
CREATE VIEW lotwatch.fact_lot_quality AS
WITH inspected AS (
    SELECT
        inspection.item_id,
        inspection.lot_id,
        count(*) AS inspections,
        count(*) FILTER (WHERE inspection.state = 'failed') AS failed_inspections,
        (array_agg(inspection.state ORDER BY inspection.closed_at DESC, inspection.source_key DESC))[1] AS last_result
    FROM lotwatch.inspection AS inspection
    WHERE
        inspection.lot_id IS NOT NULL AND inspection.state IN ('passed', 'failed')
        AND inspection.closed_at <= (SELECT lotwatch.as_of())
        AND inspection.closed_at > (SELECT lotwatch.as_of()) - interval '730 days'
    GROUP BY inspection.item_id, inspection.lot_id
    HAVING bool_or(inspection.state = 'failed')
),

alerted AS (
    SELECT
        lot.item_id,
        lot.lot_id,
        count(*) AS quality_alerts,
        min(alert.opened_at) AS opened_at
    FROM lotwatch.quality_alert_open AS alert
    INNER JOIN lotwatch.lot AS lot ON alert.lot_id = lot.lot_id
    GROUP BY lot.item_id, lot.lot_id
),

concerned AS (
    SELECT
        item_id,
        lot_id,
        coalesce(inspected.inspections, 0) AS inspections,
        coalesce(inspected.failed_inspections, 0) AS failed_inspections,
        inspected.last_result,
        coalesce(alerted.quality_alerts, 0) AS quality_alerts,
        alerted.opened_at
    FROM inspected
    FULL JOIN alerted USING (item_id, lot_id)
),

-- by lists, not joined or looked up for each: only those items' stock is read, and what is held is worked out once
lot_stock AS (
    SELECT
        stock.item_id,
        stock.lot_id,
        sum(stock.quantity) AS physical,
        sum(stock.quantity) FILTER (WHERE stock.status = 'unrestricted' AND stock.sound) AS usable
    FROM lotwatch.stock_state AS stock
    WHERE
        stock.item_id = ANY(ARRAY(SELECT concerned.item_id FROM concerned))
        AND stock.lot_id = ANY(ARRAY(SELECT concerned.lot_id FROM concerned))
    GROUP BY stock.item_id, stock.lot_id
)

SELECT
    item.code || '/' || lot.number AS subject_key,
    concerned.item_id,
    concerned.lot_id,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    lot.number AS lot_number,
    concerned.inspections,
    concerned.failed_inspections,
    concerned.last_result,
    concerned.quality_alerts,
    extract(DAY FROM lotwatch.as_of() - concerned.opened_at)::integer AS days_open,
    coalesce(lot_stock.physical, 0)::bigint AS physical,
    coalesce(lot_stock.usable, 0)::bigint AS usable,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine
FROM concerned
INNER JOIN lotwatch.item AS item ON concerned.item_id = item.item_id
INNER JOIN lotwatch.lot AS lot ON concerned.lot_id = lot.lot_id
LEFT JOIN lot_stock ON concerned.item_id = lot_stock.item_id AND concerned.lot_id = lot_stock.lot_id;

COMMENT ON VIEW lotwatch.fact_lot_quality IS 'One row for each lot that failed an inspection in the last two years, or that an open quality alert names.';
COMMENT ON COLUMN lotwatch.fact_lot_quality.subject_key IS 'what an alert is about: item code / lot number';
COMMENT ON COLUMN lotwatch.fact_lot_quality.item_id IS 'our number of the item';
COMMENT ON COLUMN lotwatch.fact_lot_quality.item_code IS 'code of the item';
COMMENT ON COLUMN lotwatch.fact_lot_quality.item_name IS 'name of the item';
COMMENT ON COLUMN lotwatch.fact_lot_quality.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_lot_quality.criticality IS 'life_supporting, critical or standard';
COMMENT ON COLUMN lotwatch.fact_lot_quality.lot_id IS 'our number of the lot';
COMMENT ON COLUMN lotwatch.fact_lot_quality.lot_number IS 'number of the lot';
COMMENT ON COLUMN lotwatch.fact_lot_quality.inspections IS 'its inspections that were decided in the last two years (inspections); 0: only quality alerts are known of it';
COMMENT ON COLUMN lotwatch.fact_lot_quality.failed_inspections IS 'of inspections: failed (inspections)';
COMMENT ON COLUMN lotwatch.fact_lot_quality.last_result IS 'passed or failed: how the last of them was decided; null: none was';
COMMENT ON COLUMN lotwatch.fact_lot_quality.quality_alerts IS 'alerts of the quality system that name the lot and are not settled (alerts)';
COMMENT ON COLUMN lotwatch.fact_lot_quality.days_open IS 'days since the first of those was opened (days); null: there is none';
COMMENT ON COLUMN lotwatch.fact_lot_quality.physical IS 'stock of the lot on all sites (base units)';
COMMENT ON COLUMN lotwatch.fact_lot_quality.usable IS 'of physical: unrestricted, not held, not expired (base units)';
COMMENT ON COLUMN lotwatch.fact_lot_quality.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

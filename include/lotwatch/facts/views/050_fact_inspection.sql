CREATE VIEW lotwatch.fact_inspection AS
WITH inspected AS (
    SELECT DISTINCT
        item_id,
        lot_id
    FROM lotwatch.inspection
    -- not looked for where it passed
    WHERE lot_id IS NOT NULL AND (state = 'failed' OR coalesce(closed_at, 'infinity') > (SELECT lotwatch.as_of()))
),

-- by lists, not joined: only those items' stock is read
lot_stock AS (
    SELECT
        stock.item_id,
        stock.lot_id,
        sum(stock.quantity) AS physical,
        sum(stock.quantity) FILTER (WHERE stock.status = 'unrestricted' AND stock.sound) AS usable
    FROM lotwatch.stock_state AS stock
    WHERE
        stock.item_id = ANY(ARRAY(SELECT inspected.item_id FROM inspected))
        AND stock.lot_id = ANY(ARRAY(SELECT inspected.lot_id FROM inspected))
    GROUP BY stock.item_id, stock.lot_id
)

SELECT
    inspection.source || ':' || inspection.source_key AS subject_key,
    inspection.item_id,
    inspection.lot_id,
    inspection.number,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    lot.number AS lot_number,
    CASE WHEN inspection.closed_at <= lotwatch.as_of() THEN inspection.state ELSE 'pending' END AS state,
    extract(DAY FROM lotwatch.as_of() - inspection.opened_at)::integer AS days_open,
    extract(DAY FROM lotwatch.as_of() - inspection.closed_at)::integer AS days_since_closed,
    (lotwatch.as_of() AT TIME ZONE 'UTC')::date - inspection.due_on AS days_overdue,
    CASE WHEN looked.at_stock THEN coalesce(lot_stock.physical, 0) ELSE 0 END::bigint AS physical,
    CASE WHEN looked.at_stock THEN coalesce(lot_stock.usable, 0) ELSE 0 END::bigint AS usable,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine
FROM lotwatch.inspection AS inspection
INNER JOIN lotwatch.item AS item ON inspection.item_id = item.item_id
LEFT JOIN lotwatch.lot AS lot ON inspection.lot_id = lot.lot_id
LEFT JOIN lot_stock ON inspection.item_id = lot_stock.item_id AND inspection.lot_id = lot_stock.lot_id
CROSS JOIN
    LATERAL (
        SELECT
            inspection.state = 'failed'
            OR coalesce(inspection.closed_at, 'infinity') > (SELECT lotwatch.as_of()) AS at_stock
    ) AS looked
WHERE
    inspection.opened_at <= lotwatch.as_of()
    AND (inspection.state <> 'cancelled' OR inspection.closed_at > lotwatch.as_of());

COMMENT ON VIEW lotwatch.fact_inspection IS 'One row for each inspection.';
COMMENT ON COLUMN lotwatch.fact_inspection.subject_key IS 'what an alert is about: source : key of the inspection there';
COMMENT ON COLUMN lotwatch.fact_inspection.item_id IS 'our number of the item';
COMMENT ON COLUMN lotwatch.fact_inspection.lot_id IS 'our number of the lot; null: none';
COMMENT ON COLUMN lotwatch.fact_inspection.number IS 'number of the inspection';
COMMENT ON COLUMN lotwatch.fact_inspection.item_code IS 'code of the item';
COMMENT ON COLUMN lotwatch.fact_inspection.item_name IS 'name of the item';
COMMENT ON COLUMN lotwatch.fact_inspection.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_inspection.criticality IS 'life_supporting, critical or standard';
COMMENT ON COLUMN lotwatch.fact_inspection.lot_number IS 'number of the inspected lot; null: none';
COMMENT ON COLUMN lotwatch.fact_inspection.state IS 'pending, passed or failed';
COMMENT ON COLUMN lotwatch.fact_inspection.days_open IS 'days since it was opened';
COMMENT ON COLUMN lotwatch.fact_inspection.days_since_closed IS 'days since it was decided; null: pending';
COMMENT ON COLUMN lotwatch.fact_inspection.days_overdue IS 'days since its lot should have been released (UTC); negative: not yet due; null: not told';
COMMENT ON COLUMN lotwatch.fact_inspection.physical IS 'stock of the lot on all sites (base units); 0 of a lot that passed, too';
COMMENT ON COLUMN lotwatch.fact_inspection.usable IS 'of physical: unrestricted, not held, not expired (base units)';
COMMENT ON COLUMN lotwatch.fact_inspection.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

CREATE VIEW lotwatch.fact_lot AS
WITH at_site AS (
    SELECT
        stock.item_id,
        stock.site_id,
        stock.lot_id,
        stock.serial_id,
        min(stock.lot_number) AS lot_number,
        min(stock.serial_number) AS serial_number,
        min(stock.usable_through) AS usable_through,
        min(stock.manufactured_on) AS manufactured_on,
        min(stock.usable_through) - min(stock.today) AS days_to_expiry,
        bool_or(stock.expired) AS expired,
        sum(stock.quantity)::bigint AS physical,
        coalesce(sum(stock.quantity) FILTER (WHERE stock.status = 'unrestricted' AND stock.sound), 0)::bigint AS usable,
        bool_or(stock.held) AS held,
        bool_or(stock.in_conflict) AS in_conflict,
        -- each word once; no DISTINCT, which would sort all stock
        concat_ws(
            ', ',
            CASE WHEN bool_or(stock.status = 'blocked') THEN 'blocked' END,
            CASE WHEN bool_or(stock.status = 'inspection') THEN 'inspection' END,
            CASE WHEN bool_or(stock.status = 'unrestricted') THEN 'unrestricted' END
        ) AS status,
        concat_ws(
            ', ',
            CASE WHEN bool_or(stock.owner = 'consigned') THEN 'consigned' END,
            CASE WHEN bool_or(stock.owner = 'loaned') THEN 'loaned' END,
            CASE WHEN bool_or(stock.owner = 'own') THEN 'own' END
        ) AS owner
    FROM lotwatch.stock_state AS stock
    GROUP BY stock.item_id, stock.site_id, stock.lot_id, stock.serial_id
),

set_aside AS (
    SELECT
        item_id,
        site_id,
        lot_id,
        serial_id,
        sum(quantity) AS allocated
    FROM lotwatch.allocation_in_force
    GROUP BY item_id, site_id, lot_id, serial_id
)

SELECT
    item.code || '/' || coalesce(at_site.serial_number, at_site.lot_number, '-') || '@' || site.code AS subject_key,
    at_site.item_id,
    at_site.site_id,
    at_site.lot_id,
    at_site.serial_id,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    item.device_class,
    at_site.lot_number,
    at_site.serial_number,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    site.jurisdiction,
    at_site.owner,
    at_site.status,
    at_site.held,
    at_site.expired,
    at_site.manufactured_on,
    at_site.usable_through,
    at_site.days_to_expiry,
    at_site.in_conflict,
    at_site.physical,
    coalesce(set_aside.allocated, 0)::bigint AS allocated,
    at_site.usable - coalesce(set_aside.allocated, 0)::bigint AS available,
    policy.average_daily_usage,
    CASE WHEN at_site.usable_through IS NOT NULL THEN coalesce(risk.quantity_at_risk, 0) END AS quantity_at_risk,
    item.unit_cost,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine
FROM at_site
INNER JOIN lotwatch.item AS item ON at_site.item_id = item.item_id
INNER JOIN lotwatch.location AS site ON at_site.site_id = site.location_id
LEFT JOIN set_aside
    ON
        at_site.item_id = set_aside.item_id AND at_site.site_id = set_aside.site_id
        AND at_site.lot_id = set_aside.lot_id AND at_site.serial_id = set_aside.serial_id
LEFT JOIN lotwatch.policy_in_force AS policy
    ON at_site.item_id = policy.item_id AND at_site.site_id = policy.site_id
LEFT JOIN lotwatch.lot_at_risk AS risk
    ON
        at_site.item_id = risk.item_id AND at_site.site_id = risk.site_id
        AND at_site.lot_id = risk.lot_id AND at_site.serial_id = risk.serial_id;

COMMENT ON VIEW lotwatch.fact_lot IS 'One row for each lot or serial unit at each site where it lies.';
COMMENT ON COLUMN lotwatch.fact_lot.subject_key IS 'what an alert is about: item code / lot or serial number @ site code';
COMMENT ON COLUMN lotwatch.fact_lot.item_id IS 'our number of the item';
COMMENT ON COLUMN lotwatch.fact_lot.site_id IS 'our number of the site';
COMMENT ON COLUMN lotwatch.fact_lot.lot_id IS 'our number of the lot; 0: none';
COMMENT ON COLUMN lotwatch.fact_lot.serial_id IS 'our number of the serial unit; 0: none';
COMMENT ON COLUMN lotwatch.fact_lot.item_code IS 'code of the item';
COMMENT ON COLUMN lotwatch.fact_lot.item_name IS 'name of the item';
COMMENT ON COLUMN lotwatch.fact_lot.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_lot.criticality IS 'life_supporting, critical or standard';
COMMENT ON COLUMN lotwatch.fact_lot.device_class IS 'class of the device, as its system says; null: not told';
COMMENT ON COLUMN lotwatch.fact_lot.lot_number IS 'number of the lot, as on the label; null: has none';
COMMENT ON COLUMN lotwatch.fact_lot.serial_number IS 'serial number of the unit, as on the label; null: has none';
COMMENT ON COLUMN lotwatch.fact_lot.site_code IS 'code of the site';
COMMENT ON COLUMN lotwatch.fact_lot.site_name IS 'name of the site';
COMMENT ON COLUMN lotwatch.fact_lot.region IS 'region of the site; null: not told';
COMMENT ON COLUMN lotwatch.fact_lot.jurisdiction IS 'whose device law holds at the site: cn, us or eu; null: another''s, or not told';
COMMENT ON COLUMN lotwatch.fact_lot.owner IS 'own, consigned or loaned';
COMMENT ON COLUMN lotwatch.fact_lot.status IS 'as the owning system says: unrestricted, inspection, blocked';
COMMENT ON COLUMN lotwatch.fact_lot.held IS 'under a hold of ours';
COMMENT ON COLUMN lotwatch.fact_lot.expired IS 'past its last day of use, in the site''s zone';
COMMENT ON COLUMN lotwatch.fact_lot.manufactured_on IS 'date of manufacture; null: not on the label';
COMMENT ON COLUMN lotwatch.fact_lot.usable_through IS 'last day of use, inclusive, or of sterility where that ends first; null: not on the label';
COMMENT ON COLUMN lotwatch.fact_lot.days_to_expiry IS 'days until the last day of use; negative: expired; null: not on the label';
COMMENT ON COLUMN lotwatch.fact_lot.in_conflict IS 'its serial number was said to leave a place where it was not: nobody knows where it is';
COMMENT ON COLUMN lotwatch.fact_lot.physical IS 'what is there, whatever its state (base units)';
COMMENT ON COLUMN lotwatch.fact_lot.allocated IS 'of this lot or unit: set aside for a demand, a transfer or a pick (base units)';
COMMENT ON COLUMN lotwatch.fact_lot.available IS 'unrestricted, not held, not expired, known to be there, not allocated (base units)';
COMMENT ON COLUMN lotwatch.fact_lot.average_daily_usage IS 'mean usage of the item at the site (base units a day); null: no policy yet';
COMMENT ON COLUMN lotwatch.fact_lot.quantity_at_risk IS 'will not be used by its last day of use at the mean usage, when the lots of the item at the site that end first are used first; all that is held, blocked or expired; 0: it ends later than fact_ending_lot looks (base units); null: not on the label';
COMMENT ON COLUMN lotwatch.fact_lot.unit_cost IS 'cost of one base unit, in the company''s currency; null: not told';
COMMENT ON COLUMN lotwatch.fact_lot.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

CREATE VIEW lotwatch.fact_item_site AS
WITH quantity AS (
    SELECT
        item_id,
        site_id,
        sum(quantity) AS physical,
        sum(quantity) FILTER (WHERE held) AS held,
        sum(quantity) FILTER (WHERE expired) AS expired,
        sum(quantity) FILTER (WHERE status = 'inspection' AND NOT expired AND NOT held) AS in_inspection,
        sum(quantity) FILTER (WHERE status = 'unrestricted' AND NOT expired AND NOT held) AS available
    FROM lotwatch.stock_state
    GROUP BY item_id, site_id
),

inbound AS (
    SELECT
        item_id,
        site_id,
        sum(outstanding) AS on_order
    FROM lotwatch.order_line_open
    GROUP BY item_id, site_id
),

-- stock, an order or a policy: any of them makes an item known at a site
subject AS (
    SELECT *
    FROM quantity
    FULL JOIN inbound USING (item_id, site_id)
    FULL JOIN lotwatch.policy_in_force USING (item_id, site_id)
)

SELECT
    item.code || '@' || site.code AS subject_key,
    subject.item_id,
    subject.site_id,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    item.unit_cost,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    site.supplied_by,
    coalesce(subject.physical, 0)::bigint AS physical,
    coalesce(subject.held, 0)::bigint AS held,
    coalesce(subject.expired, 0)::bigint AS expired,
    coalesce(subject.in_inspection, 0)::bigint AS in_inspection,
    coalesce(subject.available, 0)::bigint AS available,
    coalesce(subject.on_order, 0)::bigint AS on_order,
    (
        coalesce(subject.available, 0) + coalesce(subject.in_inspection, 0) + coalesce(subject.on_order, 0)
    )::bigint AS inventory_position,
    subject.average_daily_usage,
    subject.lead_time_days,
    subject.safety_stock,
    subject.reorder_point,
    subject.target_level,
    subject.max_level,
    round(coalesce(subject.available, 0) / nullif(subject.average_daily_usage, 0), 1) AS days_of_cover,
    EXISTS(
        SELECT 1 FROM lotwatch.quarantine AS quarantine
        WHERE quarantine.state = 'open' AND quarantine.item_code = item.code
    ) AS data_in_quarantine
FROM subject
INNER JOIN lotwatch.item AS item ON subject.item_id = item.item_id
INNER JOIN lotwatch.location AS site ON subject.site_id = site.location_id
WHERE item.active;

COMMENT ON VIEW lotwatch.fact_item_site IS 'One row for each item at each site.';
COMMENT ON COLUMN lotwatch.fact_item_site.subject_key IS 'what an alert is about: item code @ site code';
COMMENT ON COLUMN lotwatch.fact_item_site.item_id IS 'our number of the item';
COMMENT ON COLUMN lotwatch.fact_item_site.site_id IS 'our number of the site';
COMMENT ON COLUMN lotwatch.fact_item_site.item_code IS 'code of the item';
COMMENT ON COLUMN lotwatch.fact_item_site.item_name IS 'name of the item';
COMMENT ON COLUMN lotwatch.fact_item_site.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_item_site.criticality IS 'life_supporting, critical or standard';
COMMENT ON COLUMN lotwatch.fact_item_site.unit_cost IS 'cost of one base unit, in the company''s currency; null: not told';
COMMENT ON COLUMN lotwatch.fact_item_site.site_code IS 'code of the site';
COMMENT ON COLUMN lotwatch.fact_item_site.site_name IS 'name of the site';
COMMENT ON COLUMN lotwatch.fact_item_site.region IS 'region of the site; null: not told';
COMMENT ON COLUMN lotwatch.fact_item_site.supplied_by IS 'supplier: bought for; transfer: supplied by a distribution centre; null: neither, the site is not planned';
COMMENT ON COLUMN lotwatch.fact_item_site.physical IS 'what is there, whatever its state (base units)';
COMMENT ON COLUMN lotwatch.fact_item_site.held IS 'of physical: under a hold (base units)';
COMMENT ON COLUMN lotwatch.fact_item_site.expired IS 'of physical: past its last day of use (base units)';
COMMENT ON COLUMN lotwatch.fact_item_site.in_inspection IS 'neither held nor expired, waiting for inspection (base units)';
COMMENT ON COLUMN lotwatch.fact_item_site.available IS 'unrestricted, not held, not expired (base units)';
COMMENT ON COLUMN lotwatch.fact_item_site.on_order IS 'ordered or drafted and not yet received (base units)';
COMMENT ON COLUMN lotwatch.fact_item_site.inventory_position IS 'available + in_inspection + on_order (base units)';
COMMENT ON COLUMN lotwatch.fact_item_site.average_daily_usage IS 'mean usage over all days of the history (base units a day); null: no policy yet';
COMMENT ON COLUMN lotwatch.fact_item_site.lead_time_days IS 'mean time from order to receipt (days); null: no policy yet';
COMMENT ON COLUMN lotwatch.fact_item_site.safety_stock IS 'against variation of usage and lead time (base units); null: no policy yet';
COMMENT ON COLUMN lotwatch.fact_item_site.reorder_point IS 'order when the inventory position is below it (base units); null: no policy yet';
COMMENT ON COLUMN lotwatch.fact_item_site.target_level IS 'order up to it (base units); null: no policy yet';
COMMENT ON COLUMN lotwatch.fact_item_site.max_level IS 'no order may lift the inventory position above it (base units); null: no policy yet';
COMMENT ON COLUMN lotwatch.fact_item_site.days_of_cover IS 'available / average_daily_usage (days); null: no policy yet, or no usage';
COMMENT ON COLUMN lotwatch.fact_item_site.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

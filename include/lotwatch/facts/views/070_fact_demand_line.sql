CREATE VIEW lotwatch.fact_demand_line AS
SELECT
    line.source || ':' || line.source_key AS subject_key,
    line.item_id,
    line.site_id,
    demand.number AS demand_number,
    demand.kind,
    demand.priority,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    customer.code AS customer_code,
    customer.name AS customer_name,
    line.quantity,
    line.sent,
    line.set_aside,
    line.outstanding,
    line.backordered,
    line.need_by,
    line.need_by - line.today AS days_to_need,
    line.minimum_remaining_life_days,
    demand.procedure_at,
    extract(DAY FROM demand.procedure_at - lotwatch.as_of())::integer AS days_to_procedure,
    greatest(line.outstanding - line.set_aside, 0) AS uncovered,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine
FROM lotwatch.demand_line_open AS line
INNER JOIN lotwatch.demand_order AS demand ON line.demand_order_id = demand.demand_order_id
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.location AS site ON line.site_id = site.location_id
LEFT JOIN lotwatch.location AS customer ON demand.customer_location_id = customer.location_id;

COMMENT ON VIEW lotwatch.fact_demand_line IS 'One row for each line that a department, customer or procedure asked for and that was not sent in full.';
COMMENT ON COLUMN lotwatch.fact_demand_line.subject_key IS 'what an alert is about: source : key of the line there';
COMMENT ON COLUMN lotwatch.fact_demand_line.item_id IS 'our number of the item';
COMMENT ON COLUMN lotwatch.fact_demand_line.site_id IS 'our number of the site that serves it';
COMMENT ON COLUMN lotwatch.fact_demand_line.demand_number IS 'number of the order; null: not told';
COMMENT ON COLUMN lotwatch.fact_demand_line.kind IS 'department, customer or procedure';
COMMENT ON COLUMN lotwatch.fact_demand_line.priority IS 'emergency, urgent or routine';
COMMENT ON COLUMN lotwatch.fact_demand_line.item_code IS 'code of the item';
COMMENT ON COLUMN lotwatch.fact_demand_line.item_name IS 'name of the item';
COMMENT ON COLUMN lotwatch.fact_demand_line.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_demand_line.criticality IS 'life_supporting, critical or standard';
COMMENT ON COLUMN lotwatch.fact_demand_line.site_code IS 'code of the site that serves it';
COMMENT ON COLUMN lotwatch.fact_demand_line.site_name IS 'name of the site that serves it';
COMMENT ON COLUMN lotwatch.fact_demand_line.region IS 'region of the site that serves it; null: not told';
COMMENT ON COLUMN lotwatch.fact_demand_line.customer_code IS 'code of the place where it is wanted; null: not told';
COMMENT ON COLUMN lotwatch.fact_demand_line.customer_name IS 'name of the place where it is wanted; null: not told';
COMMENT ON COLUMN lotwatch.fact_demand_line.quantity IS 'asked for (base units)';
COMMENT ON COLUMN lotwatch.fact_demand_line.sent IS 'sent so far (base units)';
COMMENT ON COLUMN lotwatch.fact_demand_line.set_aside IS 'set aside for it (base units)';
COMMENT ON COLUMN lotwatch.fact_demand_line.outstanding IS 'not yet sent (base units)';
COMMENT ON COLUMN lotwatch.fact_demand_line.backordered IS 'wanted today or before, neither sent nor set aside (base units)';
COMMENT ON COLUMN lotwatch.fact_demand_line.need_by IS 'day on which it is wanted, in the site''s zone; null: not said, so now';
COMMENT ON COLUMN lotwatch.fact_demand_line.days_to_need IS 'days until it is wanted; negative: overdue; null: not said';
COMMENT ON COLUMN lotwatch.fact_demand_line.minimum_remaining_life_days IS 'days a lot must still be usable when handed over; null: any that is not expired';
COMMENT ON COLUMN lotwatch.fact_demand_line.procedure_at IS 'when the planned procedure is; null: none';
COMMENT ON COLUMN lotwatch.fact_demand_line.days_to_procedure IS 'whole days until the procedure; negative: it is over; null: none';
COMMENT ON COLUMN lotwatch.fact_demand_line.uncovered IS 'of outstanding: nothing is set aside for it (base units)';
COMMENT ON COLUMN lotwatch.fact_demand_line.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

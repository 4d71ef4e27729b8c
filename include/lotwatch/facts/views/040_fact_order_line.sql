CREATE VIEW lotwatch.fact_order_line AS
SELECT
    line.source || ':' || line.source_key AS subject_key,
    line.item_id,
    line.site_id,
    line.supplier_id,
    line.order_number,
    line.order_reference,
    line.state,
    supplier.code AS supplier_code,
    supplier.name AS supplier_name,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    line.quantity,
    line.received,
    line.outstanding,
    coalesce(sent.counted, 0) AS in_transit,
    sent.expected_at,
    line.unit_price,
    line.ordered_on,
    line.requested_on,
    line.promised_on,
    (lotwatch.as_of() AT TIME ZONE site.time_zone)::date - line.promised_on AS days_late,
    line.promised_on - line.requested_on AS days_promised_late,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine
FROM lotwatch.order_line_open AS line
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.supplier AS supplier ON line.supplier_id = supplier.supplier_id
INNER JOIN lotwatch.location AS site ON line.site_id = site.location_id
LEFT JOIN (
    SELECT
        part.order_line_source,
        part.order_line_key,
        sum(part.counted)::bigint AS counted,
        max(part.expected_at) AS expected_at
    FROM lotwatch.order_line_sent AS part
    GROUP BY part.order_line_source, part.order_line_key
) AS sent ON line.source = sent.order_line_source AND line.source_key = sent.order_line_key;

COMMENT ON VIEW lotwatch.fact_order_line IS 'One row for each purchase order line on which something is still to come.';
COMMENT ON COLUMN lotwatch.fact_order_line.subject_key IS 'what an alert is about: source : key of the line there';
COMMENT ON COLUMN lotwatch.fact_order_line.item_id IS 'our number of the item';
COMMENT ON COLUMN lotwatch.fact_order_line.site_id IS 'our number of the site';
COMMENT ON COLUMN lotwatch.fact_order_line.supplier_id IS 'our number of the supplier';
COMMENT ON COLUMN lotwatch.fact_order_line.order_number IS 'number of the order in the ERP; null: not told';
COMMENT ON COLUMN lotwatch.fact_order_line.order_reference IS 'our proposal''s code, where we drafted the order; null: not ours';
COMMENT ON COLUMN lotwatch.fact_order_line.state IS 'draft: not yet placed; open: placed';
COMMENT ON COLUMN lotwatch.fact_order_line.supplier_code IS 'code of the supplier';
COMMENT ON COLUMN lotwatch.fact_order_line.supplier_name IS 'name of the supplier';
COMMENT ON COLUMN lotwatch.fact_order_line.item_code IS 'code of the item';
COMMENT ON COLUMN lotwatch.fact_order_line.item_name IS 'name of the item';
COMMENT ON COLUMN lotwatch.fact_order_line.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_order_line.criticality IS 'life_supporting, critical or standard';
COMMENT ON COLUMN lotwatch.fact_order_line.site_code IS 'code of the site that waits';
COMMENT ON COLUMN lotwatch.fact_order_line.site_name IS 'name of the site that waits';
COMMENT ON COLUMN lotwatch.fact_order_line.region IS 'region of the site; null: not told';
COMMENT ON COLUMN lotwatch.fact_order_line.quantity IS 'ordered (base units)';
COMMENT ON COLUMN lotwatch.fact_order_line.received IS 'received so far (base units)';
COMMENT ON COLUMN lotwatch.fact_order_line.outstanding IS 'still to come (base units)';
COMMENT ON COLUMN lotwatch.fact_order_line.in_transit IS 'of outstanding: sent by the supplier, as far as it is told (base units)';
COMMENT ON COLUMN lotwatch.fact_order_line.expected_at IS 'when the last of what was sent should arrive; null: nothing was, or not told';
COMMENT ON COLUMN lotwatch.fact_order_line.unit_price IS 'price of one base unit, in the order''s currency';
COMMENT ON COLUMN lotwatch.fact_order_line.ordered_on IS 'date of the order; null: not told';
COMMENT ON COLUMN lotwatch.fact_order_line.requested_on IS 'date by which we asked for it; null: not told';
COMMENT ON COLUMN lotwatch.fact_order_line.promised_on IS 'date the supplier confirmed; null: not confirmed';
COMMENT ON COLUMN lotwatch.fact_order_line.days_late IS 'days since the promised date, in the site''s zone; negative: not yet due; null: not confirmed';
COMMENT ON COLUMN lotwatch.fact_order_line.days_promised_late IS 'days by which the promised date is after the requested one; null: not confirmed, or no date asked for';
COMMENT ON COLUMN lotwatch.fact_order_line.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

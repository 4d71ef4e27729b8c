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
    site.jurisdiction,
    line.quantity,
    coalesce((SELECT sum(part.quantity)::bigint FROM unnest(line.confirmed) AS part), line.confirmed_quantity) AS confirmed_quantity,
    line.received,
    line.declined,
    line.outstanding,
    coalesce(sent.counted, 0) AS in_transit,
    sent.expected_at,
    line.unit_price,
    line.currency,
    agreed.price AS agreed_price,
    agreed.price_ceiling,
    earlier.price AS earlier_price,
    earlier.orders AS earlier_orders,
    round((line.unit_price / nullif(agreed.price, 0) - 1) * 100, 1) AS percent_over_agreed,
    round((line.unit_price / nullif(earlier.price, 0) - 1) * 100, 1) AS percent_over_earlier,
    line.ordered_on,
    line.requested_on,
    line.due_on AS promised_on,
    (lotwatch.as_of() AT TIME ZONE site.time_zone)::date - line.due_on AS days_late,
    line.due_on - line.requested_on AS days_promised_late,
    (lotwatch.as_of() AT TIME ZONE site.time_zone)::date - coalesce(line.due_on, line.requested_on) AS days_overdue,
    CASE
        WHEN line.due_on IS NULL AND line.confirmed IS NULL AND line.confirmed_quantity IS NULL
            THEN (lotwatch.as_of() AT TIME ZONE site.time_zone)::date - line.ordered_on
    END AS days_unconfirmed,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine,
    recalled.recalled_by
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
) AS sent ON line.source = sent.order_line_source AND line.source_key = sent.order_line_key
LEFT JOIN (
    SELECT
        hold.item_id,
        string_agg(DISTINCT hold.reference, ', ') AS recalled_by
    FROM lotwatch.hold AS hold
    INNER JOIN lotwatch.hold_in_force AS in_force ON hold.hold_id = in_force.hold_id
    WHERE hold.cause = 'recall'
    GROUP BY hold.item_id
) AS recalled ON line.item_id = recalled.item_id
-- the price of the agreement at this quantity; of another currency it says nothing
LEFT JOIN LATERAL (
    SELECT
        agreement.price_ceiling,
        CASE
            WHEN agreement.price_breaks IS NULL THEN agreement.price
            ELSE
                coalesce((
                    SELECT (step.part ->> 'price')::numeric
                    FROM jsonb_array_elements(agreement.price_breaks) AS step (part)
                    WHERE (step.part ->> 'quantity')::numeric <= line.quantity
                    ORDER BY (step.part ->> 'quantity')::numeric DESC
                    LIMIT 1
                ), agreement.price)
        END AS price
    FROM lotwatch.supplier_agreement AS agreement
    WHERE
        agreement.item_id = line.item_id AND agreement.supplier_id = line.supplier_id AND agreement.active
        AND agreement.currency = line.currency
) AS agreed ON TRUE
CROSS JOIN LATERAL (
    SELECT
        count(*) AS orders,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY before.unit_price) AS price
    FROM lotwatch.purchase_order_line AS before
    WHERE
        before.item_id = line.item_id AND before.supplier_id = line.supplier_id AND before.currency = line.currency
        AND before.state <> 'cancelled'
        AND before.ordered_on < line.ordered_on AND before.ordered_on >= line.ordered_on - 730
) AS earlier;

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
COMMENT ON COLUMN lotwatch.fact_order_line.jurisdiction IS 'whose device law holds at the site: cn, us or eu; null: another''s, or not told';
COMMENT ON COLUMN lotwatch.fact_order_line.quantity IS 'ordered (base units)';
COMMENT ON COLUMN lotwatch.fact_order_line.confirmed_quantity IS 'what the supplier confirmed (base units); null: not told';
COMMENT ON COLUMN lotwatch.fact_order_line.received IS 'received so far (base units)';
COMMENT ON COLUMN lotwatch.fact_order_line.declined IS 'what the supplier will not deliver (base units)';
COMMENT ON COLUMN lotwatch.fact_order_line.outstanding IS 'still to come (base units)';
COMMENT ON COLUMN lotwatch.fact_order_line.in_transit IS 'of outstanding: sent by the supplier, as far as it is told (base units)';
COMMENT ON COLUMN lotwatch.fact_order_line.expected_at IS 'when the last of what was sent should arrive; null: nothing was, or not told';
COMMENT ON COLUMN lotwatch.fact_order_line.unit_price IS 'price of one base unit, in the order''s currency';
COMMENT ON COLUMN lotwatch.fact_order_line.currency IS 'currency of the order (ISO 4217)';
COMMENT ON COLUMN lotwatch.fact_order_line.agreed_price IS 'price of one base unit by the agreement, at this quantity; null: no agreement in this currency';
COMMENT ON COLUMN lotwatch.fact_order_line.price_ceiling IS 'the highest price of one base unit that may be paid; null: none is set';
COMMENT ON COLUMN lotwatch.fact_order_line.earlier_price IS 'median price of one base unit of the supplier''s orders of the item in the two years before, in this currency; null: there is none';
COMMENT ON COLUMN lotwatch.fact_order_line.earlier_orders IS 'order lines that earlier_price is the median of (lines)';
COMMENT ON COLUMN lotwatch.fact_order_line.percent_over_agreed IS 'by which the price is above the agreed one (percent); negative: below; null: no agreement in this currency';
COMMENT ON COLUMN lotwatch.fact_order_line.percent_over_earlier IS 'by which the price is above earlier_price (percent); negative: below; null: no earlier order';
COMMENT ON COLUMN lotwatch.fact_order_line.ordered_on IS 'date of the order; null: not told';
COMMENT ON COLUMN lotwatch.fact_order_line.requested_on IS 'date by which we asked for it; null: not told';
COMMENT ON COLUMN lotwatch.fact_order_line.promised_on IS 'date by which the supplier confirmed all of it, by its own answer or else as the ERP has it; null: not confirmed';
COMMENT ON COLUMN lotwatch.fact_order_line.days_late IS 'days since the promised date, in the site''s zone; negative: not yet due; null: not confirmed';
COMMENT ON COLUMN lotwatch.fact_order_line.days_promised_late IS 'days by which the promised date is after the requested one; null: not confirmed, or no date asked for';
COMMENT ON COLUMN lotwatch.fact_order_line.days_overdue IS 'days since the promised date, or the requested one where none was promised, in the site''s zone; negative: not yet due; null: neither is told';
COMMENT ON COLUMN lotwatch.fact_order_line.days_unconfirmed IS 'days since the order, while neither a date nor a quantity is confirmed; null: confirmed, or order date not told';
COMMENT ON COLUMN lotwatch.fact_order_line.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';
COMMENT ON COLUMN lotwatch.fact_order_line.recalled_by IS 'the recalls, by their codes, for which the item or lots of it are held: what comes may be of them; null: none';

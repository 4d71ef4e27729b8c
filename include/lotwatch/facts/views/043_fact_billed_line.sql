-- What suppliers have billed of each order line, beside what was ordered and what was received.
-- Invoices that are not cancelled, and credit notes, count; prices are averages of what is billed in the order's currency.
CREATE VIEW lotwatch.fact_billed_line AS
WITH invoice AS (
    SELECT
        part.order_line_source,
        part.order_line_key,
        part.source,
        part.invoice_key,
        part.currency,
        part.state <> 'draft' AS posted,
        coalesce(part.supplier_number, part.invoice_number) AS number,
        -- as one is typed in twice: in another case, with other signs
        upper(regexp_replace(part.supplier_number, '[^[:alnum:]]', '', 'g')) AS number_key,
        max(part.invoiced_on) AS invoiced_on,
        sum(part.quantity)::bigint AS quantity,
        sum(part.quantity * part.unit_price) AS amount
    FROM lotwatch.invoice_line AS part
    INNER JOIN (
        SELECT DISTINCT
            latest.order_line_source,
            latest.order_line_key
        FROM lotwatch.invoice_line AS latest
        WHERE
            latest.state <> 'cancelled'
            AND (
                latest.invoiced_on IS NULL
                OR latest.invoiced_on >= (SELECT (lotwatch.as_of() AT TIME ZONE 'UTC')::date) - 90
            )
    ) AS recent ON part.order_line_source = recent.order_line_source AND part.order_line_key = recent.order_line_key
    WHERE part.state <> 'cancelled'
    GROUP BY
        part.order_line_source, part.order_line_key, part.source, part.invoice_key, part.currency, part.state <> 'draft',
        part.supplier_number, part.invoice_number
),

billed AS (
    SELECT
        line.source,
        line.source_key,
        sum(invoice.quantity)::bigint AS quantity,
        coalesce(sum(invoice.quantity) FILTER (WHERE invoice.posted), 0)::bigint AS posted_quantity,
        sum(invoice.amount) FILTER (WHERE invoice.currency = line.currency)
        / nullif(sum(invoice.quantity) FILTER (WHERE invoice.currency = line.currency), 0) AS price,
        count(*) FILTER (WHERE invoice.currency <> line.currency) AS elsewhere,
        -- under a number that another has, or the same once more and so more than was ordered; what was credited has been seen
        greatest(
            count(invoice.number_key) FILTER (WHERE invoice.quantity > 0)
            - count(DISTINCT invoice.number_key) FILTER (WHERE invoice.quantity > 0),
            CASE
                WHEN sum(invoice.quantity) > line.quantity
                    THEN
                        count(*) FILTER (WHERE invoice.quantity > 0)
                        - count(DISTINCT invoice.quantity || '@' || invoice.amount) FILTER (WHERE invoice.quantity > 0)
                ELSE 0
            END
        ) - count(*) FILTER (WHERE invoice.quantity < 0) AS repeated,
        string_agg(DISTINCT invoice.number, ', ') AS numbers,
        max(invoice.invoiced_on) AS last_invoiced_on
    FROM invoice
    INNER JOIN lotwatch.purchase_order_line AS line
        ON invoice.order_line_source = line.source AND invoice.order_line_key = line.source_key
    GROUP BY line.source, line.source_key, line.quantity, line.currency
)

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
    coalesce(receipt.quantity, 0) AS received,
    billed.quantity AS invoiced_quantity,
    billed.posted_quantity,
    greatest(billed.quantity - line.quantity, 0) AS over_order,
    greatest(billed.posted_quantity - coalesce(receipt.quantity, 0), 0) AS over_receipt,
    line.unit_price,
    round(billed.price, 4) AS invoiced_price,
    line.currency,
    round((billed.price / nullif(line.unit_price, 0) - 1) * 100, 1) AS percent_over_order,
    round((billed.price - line.unit_price) * billed.quantity, 2) AS amount_over_order,
    billed.elsewhere AS invoices_in_other_currency,
    greatest(billed.repeated, 0) AS repeated_invoices,
    billed.numbers AS invoice_numbers,
    billed.last_invoiced_on,
    today.today - billed.last_invoiced_on AS days_since_invoice,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine
FROM billed
INNER JOIN lotwatch.purchase_order_line AS line ON billed.source = line.source AND billed.source_key = line.source_key
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.supplier AS supplier ON line.supplier_id = supplier.supplier_id
INNER JOIN lotwatch.location AS site ON line.site_id = site.location_id
INNER JOIN lotwatch.site_today AS today ON line.site_id = today.site_id
LEFT JOIN lotwatch.order_line_receipt AS receipt ON line.source_key = receipt.order_line_key
WHERE coalesce(billed.last_invoiced_on <= today.today + 1, TRUE);

COMMENT ON VIEW lotwatch.fact_billed_line IS 'One row for each purchase order line that a supplier billed in the last 90 days: ordered, received and billed side by side.';
COMMENT ON COLUMN lotwatch.fact_billed_line.subject_key IS 'what an alert is about: source : key of the order line there';
COMMENT ON COLUMN lotwatch.fact_billed_line.item_id IS 'our number of the item';
COMMENT ON COLUMN lotwatch.fact_billed_line.site_id IS 'our number of the site';
COMMENT ON COLUMN lotwatch.fact_billed_line.supplier_id IS 'our number of the supplier';
COMMENT ON COLUMN lotwatch.fact_billed_line.order_number IS 'number of the order in the ERP; null: not told';
COMMENT ON COLUMN lotwatch.fact_billed_line.order_reference IS 'our proposal''s code, where we drafted the order; null: not ours';
COMMENT ON COLUMN lotwatch.fact_billed_line.state IS 'of the order: draft, open, done or cancelled';
COMMENT ON COLUMN lotwatch.fact_billed_line.supplier_code IS 'code of the supplier';
COMMENT ON COLUMN lotwatch.fact_billed_line.supplier_name IS 'name of the supplier';
COMMENT ON COLUMN lotwatch.fact_billed_line.item_code IS 'code of the item';
COMMENT ON COLUMN lotwatch.fact_billed_line.item_name IS 'name of the item';
COMMENT ON COLUMN lotwatch.fact_billed_line.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_billed_line.criticality IS 'life_supporting, critical or standard';
COMMENT ON COLUMN lotwatch.fact_billed_line.site_code IS 'code of the site that ordered';
COMMENT ON COLUMN lotwatch.fact_billed_line.site_name IS 'name of the site that ordered';
COMMENT ON COLUMN lotwatch.fact_billed_line.region IS 'region of the site; null: not told';
COMMENT ON COLUMN lotwatch.fact_billed_line.quantity IS 'ordered (base units)';
COMMENT ON COLUMN lotwatch.fact_billed_line.received IS 'received so far, less what went back (base units)';
COMMENT ON COLUMN lotwatch.fact_billed_line.invoiced_quantity IS 'on invoices that are not cancelled, drafts too, less what was credited (base units)';
COMMENT ON COLUMN lotwatch.fact_billed_line.posted_quantity IS 'of invoiced_quantity: posted or paid (base units)';
COMMENT ON COLUMN lotwatch.fact_billed_line.over_order IS 'of invoiced_quantity: more than was ordered (base units)';
COMMENT ON COLUMN lotwatch.fact_billed_line.over_receipt IS 'of posted_quantity: more than was received (base units)';
COMMENT ON COLUMN lotwatch.fact_billed_line.unit_price IS 'ordered price of one base unit, in the order''s currency';
COMMENT ON COLUMN lotwatch.fact_billed_line.invoiced_price IS 'average billed price of one base unit, in the order''s currency; null: nothing is billed in it, or all was credited';
COMMENT ON COLUMN lotwatch.fact_billed_line.currency IS 'currency of the order (ISO 4217)';
COMMENT ON COLUMN lotwatch.fact_billed_line.percent_over_order IS 'by which the billed price is above the ordered one (percent); negative: below; null: no invoiced_price, or ordered at no price';
COMMENT ON COLUMN lotwatch.fact_billed_line.amount_over_order IS 'by which the billed price makes invoiced_quantity dearer than ordered (in the currency); negative: cheaper; null: no invoiced_price';
COMMENT ON COLUMN lotwatch.fact_billed_line.invoices_in_other_currency IS 'invoices of the line in another currency than the order''s, of which prices say nothing (invoices)';
COMMENT ON COLUMN lotwatch.fact_billed_line.repeated_invoices IS 'invoices of the line that seem to be entered once more: under the supplier''s same number, or the same quantity at the same price beyond what was ordered (invoices)';
COMMENT ON COLUMN lotwatch.fact_billed_line.invoice_numbers IS 'numbers of the invoices, the suppliers'' own where they are told; null: they have none';
COMMENT ON COLUMN lotwatch.fact_billed_line.last_invoiced_on IS 'date of the last invoice; null: they are drafts without a date';
COMMENT ON COLUMN lotwatch.fact_billed_line.days_since_invoice IS 'days since last_invoiced_on, in the site''s zone (days); null: no date';
COMMENT ON COLUMN lotwatch.fact_billed_line.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

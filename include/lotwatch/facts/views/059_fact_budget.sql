-- How much of each site's budget of the month is spoken for, and how far it has come: ordered, in transit, accepted, invoiced.

-- What of each order counts against the budget of the month of its day: the ERP's order lines (of ours, on the day they were
-- proposed), and our orders that are asked for, approved or sent and that the ERP does not show yet. What was declined, cancelled,
-- rejected at inspection, or never came though its order is closed counts no more: of what is billed beyond it, rules tell.
-- At the order's price, and billed at the invoices'; as things stand now.
CREATE VIEW lotwatch.budget_use AS
WITH line AS (
    SELECT
        line.site_id,
        ours.proposal_id,
        line.currency,
        line.order_number,
        line.unit_price,
        CASE
            WHEN ours.proposal_id IS NULL THEN line.ordered_on
            ELSE (ours.created_at AT TIME ZONE site.time_zone)::date
        END AS day,
        CASE
            WHEN line.state IN ('draft', 'open') THEN greatest(line.quantity - line.declined - line.withdrawn - came.quantity, 0)
            ELSE 0
        END AS coming,
        came.quantity - least(came.quantity, coalesce(judged.rejected, 0)) AS kept,
        least(came.quantity, coalesce(judged.waiting, 0)) AS waiting,
        coalesce(sent.counted, 0) AS sent,
        -- what invoices say, or else the order line itself
        greatest(coalesce(billed.quantity, line.invoiced_quantity, 0), 0) AS invoiced,
        coalesce(billed.price, line.unit_price) AS invoiced_price
    FROM lotwatch.purchase_order_line AS line
    INNER JOIN lotwatch.location AS site ON line.site_id = site.location_id
    LEFT JOIN lotwatch.proposal AS ours ON line.order_reference = ours.code AND ours.kind = 'purchase_order'
    LEFT JOIN lotwatch.order_line_receipt AS receipt ON line.source_key = receipt.order_line_key
    CROSS JOIN LATERAL (SELECT greatest(coalesce(receipt.quantity, 0), 0) AS quantity) AS came
    -- by the last word on each lot; what went back to the supplier is not there any more
    LEFT JOIN LATERAL (
        SELECT
            sum(lot.quantity) FILTER (WHERE lot.state = 'failed')::bigint AS rejected,
            sum(lot.quantity) FILTER (WHERE lot.state = 'pending')::bigint AS waiting
        FROM (
            SELECT
                (
                    SELECT inspection.state FROM lotwatch.inspection AS inspection
                    WHERE inspection.lot_id = part.lot_id AND inspection.state <> 'cancelled'
                    ORDER BY inspection.closed_at DESC NULLS FIRST, inspection.opened_at DESC
                    LIMIT 1
                ) AS state,
                CASE WHEN destination.kind = 'supplier' THEN -part.quantity ELSE part.quantity END AS quantity
            FROM lotwatch.movement AS part
            INNER JOIN lotwatch.location AS destination ON part.to_location_id = destination.location_id
            WHERE part.order_line_key = line.source_key AND part.lot_id <> 0
        ) AS lot
        WHERE came.quantity > 0
    ) AS judged ON TRUE
    LEFT JOIN (
        SELECT
            part.order_line_source,
            part.order_line_key,
            sum(part.counted)::bigint AS counted
        FROM lotwatch.order_line_sent AS part
        GROUP BY part.order_line_source, part.order_line_key
    ) AS sent ON line.source = sent.order_line_source AND line.source_key = sent.order_line_key
    -- nothing is posted yet: 0; there are no invoices: null
    CROSS JOIN LATERAL (
        SELECT
            sum(CASE WHEN part.state = 'draft' THEN 0 ELSE part.quantity END) AS quantity,
            sum(part.quantity * part.unit_price) FILTER (WHERE part.state <> 'draft' AND part.currency = line.currency)
            / nullif(sum(part.quantity) FILTER (WHERE part.state <> 'draft' AND part.currency = line.currency), 0) AS price
        FROM lotwatch.invoice_line AS part
        WHERE
            part.order_line_source = line.source AND part.order_line_key = line.source_key AND part.state <> 'cancelled'
    ) AS billed
),

-- what is billed is first of what was accepted; what is billed before it has come is of what is under way, then of the rest
staged AS (
    SELECT
        line.*,
        billed.quantity AS billed,
        greatest(line.accepted - billed.quantity, 0) AS left_accepted,
        greatest(line.moving - greatest(billed.quantity - line.accepted, 0), 0) AS left_moving
    FROM (
        SELECT
            line.*,
            line.kept - least(line.waiting, line.kept) AS accepted,
            least(line.sent, line.coming) + least(line.waiting, line.kept) AS moving
        FROM line
    ) AS line
    CROSS JOIN LATERAL (SELECT least(line.invoiced, line.coming + line.kept) AS quantity) AS billed
)

SELECT
    site_id,
    proposal_id,
    day,
    currency,
    order_number,
    (coming + kept - billed - left_accepted - left_moving) * unit_price AS ordered,
    left_moving * unit_price AS in_transit,
    left_accepted * unit_price AS accepted,
    billed * invoiced_price AS invoiced
FROM staged
UNION ALL
SELECT
    proposal.site_id,
    proposal.proposal_id,
    (proposal.created_at AT TIME ZONE site.time_zone)::date,
    proposal.currency,
    proposal.code,
    (line.quantity - line.declined) * line.unit_price,
    0,
    0,
    0
FROM lotwatch.proposal AS proposal
INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
INNER JOIN lotwatch.location AS site ON proposal.site_id = site.location_id
WHERE
    proposal.kind = 'purchase_order' AND proposal.state IN ('waiting', 'approved', 'sending', 'sent')
    AND NOT EXISTS (
        SELECT 1 FROM lotwatch.purchase_order_line AS known
        WHERE known.order_reference = proposal.code
    );

-- What is in another currency is not counted, but told.
CREATE VIEW lotwatch.fact_budget AS
WITH period AS (
    SELECT
        budget.site_id,
        budget.period,
        budget.amount,
        budget.currency,
        today.today,
        (budget.period + interval '1 month')::date AS past
    FROM lotwatch.budget AS budget
    INNER JOIN lotwatch.site_today AS today ON budget.site_id = today.site_id
    WHERE budget.period = date_trunc('month', today.today::timestamp)::date
)

SELECT
    site.code || ':' || to_char(measured.period, 'YYYY-MM') AS subject_key,
    measured.site_id,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    measured.period,
    measured.currency,
    measured.amount,
    spent.value AS committed,
    measured.ordered,
    measured.in_transit,
    measured.accepted,
    measured.invoiced,
    measured.elsewhere AS orders_in_other_currency,
    round(spent.value / nullif(measured.amount, 0) * 100, 1) AS percent_committed,
    round(measured.elapsed * 100, 1) AS percent_elapsed,
    round(spent.value / measured.elapsed / nullif(measured.amount, 0) * 100, 1) AS percent_projected,
    measured.past - measured.today AS days_left,
    FALSE AS data_in_quarantine
FROM (
    SELECT
        period.*,
        (period.today - period.period + 1)::numeric / (period.past - period.period) AS elapsed,
        used.*
    FROM period
    -- site by site: only the orders of its month are looked at closely
    CROSS JOIN LATERAL (
        SELECT
            coalesce(sum(used.ordered) FILTER (WHERE used.currency = period.currency), 0) AS ordered,
            coalesce(sum(used.in_transit) FILTER (WHERE used.currency = period.currency), 0) AS in_transit,
            coalesce(sum(used.accepted) FILTER (WHERE used.currency = period.currency), 0) AS accepted,
            coalesce(sum(used.invoiced) FILTER (WHERE used.currency = period.currency), 0) AS invoiced,
            count(*) FILTER (WHERE used.currency <> period.currency) AS elsewhere
        FROM lotwatch.budget_use AS used
        WHERE used.site_id = period.site_id AND used.day >= period.period AND used.day <= period.today
    ) AS used
) AS measured
INNER JOIN lotwatch.location AS site ON measured.site_id = site.location_id
CROSS JOIN
    LATERAL (SELECT measured.ordered + measured.in_transit + measured.accepted + measured.invoiced AS value) AS spent;

COMMENT ON VIEW lotwatch.fact_budget IS 'One row for each site with a budget for this month.';
COMMENT ON COLUMN lotwatch.fact_budget.subject_key IS 'what an alert is about: site code : month';
COMMENT ON COLUMN lotwatch.fact_budget.site_id IS 'our number of the site';
COMMENT ON COLUMN lotwatch.fact_budget.site_code IS 'code of the site';
COMMENT ON COLUMN lotwatch.fact_budget.site_name IS 'name of the site';
COMMENT ON COLUMN lotwatch.fact_budget.region IS 'region of the site; null: not told';
COMMENT ON COLUMN lotwatch.fact_budget.period IS 'first day of the month';
COMMENT ON COLUMN lotwatch.fact_budget.currency IS 'currency of the budget (ISO 4217)';
COMMENT ON COLUMN lotwatch.fact_budget.amount IS 'what may be ordered for in the month (in the currency)';
COMMENT ON COLUMN lotwatch.fact_budget.committed IS 'ordered + in_transit + accepted + invoiced: of the month''s orders, in the ERP or asked for, approved or sent by us (in the currency)';
COMMENT ON COLUMN lotwatch.fact_budget.ordered IS 'of committed: neither under way nor received (in the currency)';
COMMENT ON COLUMN lotwatch.fact_budget.in_transit IS 'of committed: sent by the supplier, or received and waiting for inspection (in the currency)';
COMMENT ON COLUMN lotwatch.fact_budget.accepted IS 'of committed: received and not rejected, not billed yet (in the currency)';
COMMENT ON COLUMN lotwatch.fact_budget.invoiced IS 'of committed: billed, at the price of the invoices (in the currency)';
COMMENT ON COLUMN lotwatch.fact_budget.orders_in_other_currency IS 'order lines of the month in another currency, which committed leaves out (lines)';
COMMENT ON COLUMN lotwatch.fact_budget.percent_committed IS 'committed / amount (percent); null: the amount is 0';
COMMENT ON COLUMN lotwatch.fact_budget.percent_elapsed IS 'of the month: passed, today included (percent)';
COMMENT ON COLUMN lotwatch.fact_budget.percent_projected IS 'committed by the month''s end, if it goes on as so far / amount (percent); null: the amount is 0';
COMMENT ON COLUMN lotwatch.fact_budget.days_left IS 'days until the month is over, today included (days)';
COMMENT ON COLUMN lotwatch.fact_budget.data_in_quarantine IS 'never: budgets come from our own files';

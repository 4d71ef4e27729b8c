-- How much of each site's budget of the month is committed: what was ordered in the ERP, and our orders that are asked
-- for, approved or sent. What is in another currency is not counted, but told.
CREATE VIEW lotwatch.fact_budget AS
WITH period AS (
    SELECT
        budget.site_id,
        budget.period,
        budget.amount,
        budget.currency,
        today.today,
        (budget.period + interval '1 month')::date AS past,
        site.time_zone
    FROM lotwatch.budget AS budget
    INNER JOIN lotwatch.site_today AS today ON budget.site_id = today.site_id
    INNER JOIN lotwatch.location AS site ON budget.site_id = site.location_id
    WHERE budget.period = date_trunc('month', today.today::timestamp)::date
),

spent AS (
    SELECT
        period.site_id,
        line.currency,
        line.quantity * line.unit_price AS value
    FROM period
    INNER JOIN lotwatch.purchase_order_line AS line
        ON period.site_id = line.site_id AND line.ordered_on >= period.period AND line.ordered_on <= period.today
    WHERE
        line.state <> 'cancelled'
        AND NOT EXISTS (
            SELECT 1 FROM lotwatch.proposal AS ours
            WHERE ours.code = line.order_reference
        )
    UNION ALL
    SELECT
        period.site_id,
        proposal.currency,
        line.quantity * line.unit_price
    FROM period
    INNER JOIN lotwatch.proposal AS proposal
        ON
            period.site_id = proposal.site_id AND proposal.created_at >= period.period::timestamp AT TIME ZONE period.time_zone
            AND proposal.created_at <= (SELECT lotwatch.as_of())
    INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
    WHERE proposal.state IN ('waiting', 'approved', 'sending', 'sent')
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
    measured.committed,
    measured.elsewhere AS orders_in_other_currency,
    round(measured.committed / nullif(measured.amount, 0) * 100, 1) AS percent_committed,
    round(measured.elapsed * 100, 1) AS percent_elapsed,
    round(measured.committed / measured.elapsed / nullif(measured.amount, 0) * 100, 1) AS percent_projected,
    measured.past - measured.today AS days_left,
    FALSE AS data_in_quarantine
FROM (
    SELECT
        period.site_id,
        period.period,
        period.currency,
        period.amount,
        period.past,
        period.today,
        (period.today - period.period + 1)::numeric / (period.past - period.period) AS elapsed,
        coalesce(sum(spent.value) FILTER (WHERE spent.currency = period.currency), 0) AS committed,
        count(*) FILTER (WHERE spent.currency <> period.currency) AS elsewhere
    FROM period
    LEFT JOIN spent ON period.site_id = spent.site_id
    GROUP BY period.site_id, period.period, period.currency, period.amount, period.past, period.today
) AS measured
INNER JOIN lotwatch.location AS site ON measured.site_id = site.location_id;

COMMENT ON VIEW lotwatch.fact_budget IS 'One row for each site with a budget for this month.';
COMMENT ON COLUMN lotwatch.fact_budget.subject_key IS 'what an alert is about: site code : month';
COMMENT ON COLUMN lotwatch.fact_budget.site_id IS 'our number of the site';
COMMENT ON COLUMN lotwatch.fact_budget.site_code IS 'code of the site';
COMMENT ON COLUMN lotwatch.fact_budget.site_name IS 'name of the site';
COMMENT ON COLUMN lotwatch.fact_budget.region IS 'region of the site; null: not told';
COMMENT ON COLUMN lotwatch.fact_budget.period IS 'first day of the month';
COMMENT ON COLUMN lotwatch.fact_budget.currency IS 'currency of the budget (ISO 4217)';
COMMENT ON COLUMN lotwatch.fact_budget.amount IS 'what may be ordered for in the month (in the currency)';
COMMENT ON COLUMN lotwatch.fact_budget.committed IS 'ordered in the ERP, or asked for, approved or sent by us, in the month and the currency (in the currency)';
COMMENT ON COLUMN lotwatch.fact_budget.orders_in_other_currency IS 'order lines of the month in another currency, which committed leaves out (lines)';
COMMENT ON COLUMN lotwatch.fact_budget.percent_committed IS 'committed / amount (percent); null: the amount is 0';
COMMENT ON COLUMN lotwatch.fact_budget.percent_elapsed IS 'of the month: passed, today included (percent)';
COMMENT ON COLUMN lotwatch.fact_budget.percent_projected IS 'committed by the month''s end, if it goes on as so far / amount (percent); null: the amount is 0';
COMMENT ON COLUMN lotwatch.fact_budget.days_left IS 'days until the month is over, today included (days)';
COMMENT ON COLUMN lotwatch.fact_budget.data_in_quarantine IS 'never: budgets come from our own files';

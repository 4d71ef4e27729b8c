-- Does the site's budget of the month not cover an order?
-- Committed: what was ordered this month in the ERP, our orders that are asked for, approved or sent, whatever has become of them
-- since, and those that have just passed the guards.
WITH candidate AS (
    SELECT
        proposal.proposal_id,
        proposal.code,
        proposal.site_id,
        proposal.currency,
        site.code AS site_code,
        date_trunc('month', %(as_of)s::timestamptz AT TIME ZONE site.time_zone)::date AS period,
        sum(line.quantity * line.unit_price) AS total
    FROM lotwatch.proposal AS proposal
    INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
    INNER JOIN lotwatch.location AS site ON proposal.site_id = site.location_id
    WHERE proposal.kind = 'purchase_order' AND proposal.proposal_id = ANY(%(proposals)s::bigint[])
    GROUP BY proposal.proposal_id, site.location_id
),

reckoned AS (
    SELECT
        candidate.*,
        budget.amount,
        budget.currency AS budget_currency,
        coalesce(used.total, 0) + coalesce(passed.total, 0) AS committed
    FROM candidate
    LEFT JOIN lotwatch.budget AS budget
        ON candidate.site_id = budget.site_id AND candidate.period = budget.period
    LEFT JOIN LATERAL (
        SELECT sum(used.ordered + used.in_transit + used.accepted + used.invoiced) AS total
        FROM lotwatch.budget_use AS used
        WHERE
            used.site_id = candidate.site_id AND used.day >= candidate.period
            AND used.day < (candidate.period + interval '1 month')::date AND used.currency = budget.currency
            AND (used.proposal_id IS NULL OR used.proposal_id <> ALL(%(proposals)s::bigint[]))
    ) AS used ON TRUE
    LEFT JOIN LATERAL (
        SELECT sum(line.quantity * line.unit_price) AS total
        FROM lotwatch.proposal AS proposal
        INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
        WHERE
            proposal.proposal_id = ANY(%(passed)s::bigint[]) AND proposal.kind = 'purchase_order'
            AND proposal.state = 'proposed' AND proposal.site_id = candidate.site_id AND proposal.currency = budget.currency
    ) AS passed ON TRUE
)

SELECT
    proposal_id,
    code,
    NULL::bigint AS item_id,
    NULL::text AS item_code,
    CASE
        WHEN amount IS NULL
            THEN format('%%s has no budget for %%s: set one in include/config/budgets.yaml.', site_code, to_char(period, 'YYYY-MM'))
        WHEN budget_currency <> currency
            THEN format('%%s''s budget is in %%s, this order in %%s.', site_code, budget_currency, currency)
        ELSE
            format(
                'The order of %%s %%s exceeds the budget of %%s for %%s: %%s of %%s are committed.',
                to_char(total, 'FM999,999,999,990.00'), currency, site_code, to_char(period, 'YYYY-MM'),
                to_char(committed, 'FM999,999,999,990.00'), to_char(amount, 'FM999,999,999,990.00')
            )
    END AS reason,
    CASE
        WHEN amount IS NULL
            THEN format('%%s 没有 %%s 的预算：请在 include/config/budgets.yaml 中设置。', site_code, to_char(period, 'YYYY-MM'))
        WHEN budget_currency <> currency
            THEN format('%%s 的预算以 %%s 计，本订单以 %%s 计。', site_code, budget_currency, currency)
        ELSE
            format(
                '订单 %%s %%s 超出 %%s 在 %%s 的预算：%%s 中已占用 %%s。',
                to_char(total, 'FM999,999,999,990.00'), currency, site_code, to_char(period, 'YYYY-MM'),
                to_char(amount, 'FM999,999,999,990.00'), to_char(committed, 'FM999,999,999,990.00')
            )
    END AS reason_zh
FROM reckoned
WHERE amount IS NULL OR budget_currency <> currency OR committed + total > amount
ORDER BY proposal_id;

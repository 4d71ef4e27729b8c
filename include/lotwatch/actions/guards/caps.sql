-- Would a proposal take its supplier, or a rule that wanted it, over what may be proposed in a day (UTC) without somebody
-- looking at it: in number or in value? Counted is what passed the guards on the day and was not turned down by a person.
WITH candidate AS (
    SELECT
        proposal.proposal_id,
        proposal.code,
        proposal.currency,
        supplier.code AS supplier,
        (proposal.created_at AT TIME ZONE 'UTC')::date AS day
    FROM lotwatch.proposal AS proposal
    LEFT JOIN lotwatch.supplier AS supplier ON proposal.supplier_id = supplier.supplier_id
    WHERE
        proposal.kind IN (
            'purchase_order', 'order_change', 'transfer', 'return_and_reship', 'disposition', 'check', 'work_order',
            'exception'
        )
        AND proposal.proposal_id = ANY(%(proposals)s::bigint[])
),

-- the candidate itself, and what passed on its day
passed AS (
    SELECT
        candidate.proposal_id AS candidate_id,
        proposal.proposal_id,
        supplier.code AS supplier,
        alert.rule_id AS rule,
        CASE proposal.currency WHEN candidate.currency THEN line.quantity * line.unit_price ELSE 0 END AS value
    FROM candidate
    INNER JOIN lotwatch.proposal AS proposal
        ON
            proposal.created_at >= candidate.day::timestamp AT TIME ZONE 'UTC'
            AND proposal.created_at < (candidate.day + 1)::timestamp AT TIME ZONE 'UTC'
            AND proposal.kind IN (
                'purchase_order', 'order_change', 'transfer', 'return_and_reship', 'disposition', 'check', 'work_order',
                'exception'
            )
    INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
    LEFT JOIN lotwatch.supplier AS supplier ON proposal.supplier_id = supplier.supplier_id
    LEFT JOIN lotwatch.alert AS alert ON line.alert_id = alert.alert_id
    WHERE
        proposal.state IN ('waiting', 'approved', 'sending', 'sent')
        OR proposal.proposal_id = candidate.proposal_id OR proposal.proposal_id = ANY(%(passed)s::bigint[])
),

-- by supplier and by rule, as far as the candidate has a part in it
total AS (
    SELECT
        candidate.proposal_id,
        candidate.code,
        candidate.currency,
        subject.scope,
        subject.key,
        count(DISTINCT passed.proposal_id) AS number,
        sum(passed.value) AS value
    FROM candidate
    INNER JOIN passed ON candidate.proposal_id = passed.candidate_id
    CROSS JOIN LATERAL (VALUES ('supplier', passed.supplier), ('rule', passed.rule)) AS subject (scope, key)
    WHERE subject.key IS NOT NULL
    GROUP BY candidate.proposal_id, candidate.code, candidate.currency, subject.scope, subject.key
    HAVING bool_or(passed.proposal_id = candidate.proposal_id)
),

limited AS (
    SELECT
        total.*,
        coalesce(%(caps)s::jsonb -> total.scope -> 'of' -> total.key, %(caps)s::jsonb -> total.scope) AS cap
    FROM total
),

told AS (
    SELECT
        limited.*,
        CASE limited.scope WHEN 'supplier' THEN '供应商' ELSE '规则' END AS called,
        (limited.cap ->> 'number')::integer AS most,
        (limited.cap -> 'value' ->> limited.currency)::numeric AS most_value
    FROM limited
)

SELECT
    proposal_id,
    code,
    NULL::bigint AS item_id,
    NULL::text AS item_code,
    string_agg(
        CASE
            WHEN number > most
                THEN format('%%s of %%s %%s today; at most %%s are let through.', number, scope, key, most)
            WHEN most_value IS NULL
                THEN
                    format('include/config/caps.yaml has no value in %%s for %%s %%s.', currency, scope, key)
            ELSE
                format(
                    '%%s %%s of %%s %%s today; at most %%s are let through.',
                    to_char(value, 'FM999,999,999,990.00'), currency, scope, key,
                    to_char(most_value, 'FM999,999,999,990.00')
                )
        END,
        ' ' ORDER BY scope, key
    ) AS reason,
    string_agg(
        CASE
            WHEN number > most
                THEN format('%%s %%s 今日已有 %%s 项提议；最多放行 %%s 项。', called, key, number, most)
            WHEN most_value IS NULL
                THEN format('include/config/caps.yaml 未设置 %%s %%s 的 %%s 上限。', called, key, currency)
            ELSE
                format(
                    '%%s %%s 今日已达 %%s %%s；最多放行 %%s。',
                    called, key, to_char(value, 'FM999,999,999,990.00'), currency,
                    to_char(most_value, 'FM999,999,999,990.00')
                )
        END,
        '' ORDER BY scope, key
    ) AS reason_zh
FROM told
WHERE number > most OR most_value IS NULL OR value > most_value
GROUP BY proposal_id, code
ORDER BY proposal_id;

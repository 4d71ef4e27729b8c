-- Which lines order or bring what is ordered, proposed or waiting elsewhere already, so that the need they answer is gone?
-- An order of ours that the ERP has already shown us back is one of its order lines: it counts there, and only there.
WITH line AS (
    SELECT
        proposal.proposal_id,
        proposal.code,
        proposal.site_id,
        proposal.kind,
        line.item_id,
        -- what is to take another item's place is needed while that is not there
        (line.why ->> 'in_place_of')::bigint AS in_place_of
    FROM lotwatch.proposal AS proposal
    INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id AND NOT line.refused
    WHERE
        proposal.kind IN ('purchase_order', 'transfer', 'return_and_reship')
        AND proposal.proposal_id = ANY(%(proposals)s::bigint[])
    GROUP BY proposal.proposal_id, line.item_id, line.why ->> 'in_place_of'
    -- what would expire where it is goes where it is used, needed or not
    HAVING coalesce(sum((line.why ->> 'at_risk')::bigint), 0) = 0
),

-- earlier proposals of the same item and site that are alive and not yet among the ERP's lines
pending AS (
    SELECT
        line.proposal_id,
        line.item_id,
        sum(other_line.quantity - other_line.declined) AS quantity,
        string_agg(DISTINCT other.code, ', ') AS codes
    FROM line
    INNER JOIN lotwatch.proposal AS other
        ON
            line.site_id = other.site_id AND other.proposal_id < line.proposal_id
            AND other.kind IN ('purchase_order', 'transfer', 'return_and_reship')
            AND other.state IN ('proposed', 'waiting', 'approved', 'sending', 'sent')
    INNER JOIN lotwatch.proposal_line AS other_line
        ON
            other.proposal_id = other_line.proposal_id AND line.item_id = other_line.item_id AND NOT other_line.refused
            AND other_line.declined < other_line.quantity
    WHERE
        NOT EXISTS (
            SELECT 1 FROM lotwatch.purchase_order_line AS known
            WHERE known.order_reference = other.code
        )
    GROUP BY line.proposal_id, line.item_id
),

-- of what is on order, what is this very order come back
own AS (
    SELECT
        line.proposal_id,
        line.item_id,
        sum(known.outstanding) AS quantity
    FROM line
    INNER JOIN lotwatch.order_line_open AS known ON line.code = known.order_reference AND line.item_id = known.item_id
    GROUP BY line.proposal_id, line.item_id
)

SELECT
    line.proposal_id,
    line.code,
    item.item_id,
    item.code AS item_code,
    CASE
        WHEN had.again THEN format('%%s: it can be ordered again; nothing needs to be ordered in its place.', fact.item_code)
        ELSE
            format(
                '%%s: needed no longer. %%s available, %%s on order%%s; that is not below the reorder point of %%s.',
                fact.item_code, fact.available, fact.on_order,
                coalesce(', ' || pending.quantity || ' proposed (' || pending.codes || ')', ''), fact.reorder_point
            )
    END AS reason,
    CASE
        WHEN had.again THEN format('%%s：可以重新订购，无需订购替代品。', fact.item_code)
        ELSE
            format(
                '%%s：已不再需要。可用 %%s，在订 %%s%%s；不低于再订货点 %%s。',
                fact.item_code, fact.available, fact.on_order,
                coalesce('，已提议 ' || pending.quantity || '（' || pending.codes || '）', ''), fact.reorder_point
            )
    END AS reason_zh
FROM line
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.fact_item_site AS fact
    ON coalesce(line.in_place_of, line.item_id) = fact.item_id AND line.site_id = fact.site_id
LEFT JOIN pending ON line.proposal_id = pending.proposal_id AND line.item_id = pending.item_id
LEFT JOIN own ON line.proposal_id = own.proposal_id AND line.item_id = own.item_id
LEFT JOIN lotwatch.recalled_not_bought AS recalled ON line.in_place_of = recalled.item_id
CROSS JOIN
    LATERAL (
        SELECT line.kind = 'purchase_order' AND line.in_place_of IS NOT NULL AND recalled.item_id IS NULL AS again
    ) AS had
WHERE
    had.again
    OR CASE
        WHEN line.in_place_of IS NULL
            THEN fact.inventory_position - coalesce(own.quantity, 0) + coalesce(pending.quantity, 0)
        WHEN recalled.wholly THEN fact.available
        ELSE fact.available + fact.in_transit
    END >= fact.reorder_point
ORDER BY line.proposal_id, item.code;

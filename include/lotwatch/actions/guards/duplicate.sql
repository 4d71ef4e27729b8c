-- Which lines order or bring what is ordered, proposed or waiting elsewhere already, so that the need they answer is gone?
-- What one watch proposed for an item and site is one plan: its parts (from several sites, and what is bought beside them) were
-- reckoned together, up to the target. So a part does not end the need of another, however far it has come; but what is there,
-- what is coming and the earlier parts may leave nothing to be wanted.
-- An order of ours that the ERP has already shown us back is one of its order lines: it counts there, and only there.
WITH line AS (
    SELECT
        proposal.proposal_id,
        proposal.code,
        proposal.site_id,
        proposal.kind,
        proposal.created_at,
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

-- other proposals of the same item and site: in the books already, or not yet
other AS (
    SELECT
        line.proposal_id,
        line.item_id,
        other.proposal_id AS other_id,
        other.code,
        other.created_at = line.created_at AS same_plan,
        other_line.quantity - other_line.declined AS quantity,
        EXISTS (
            SELECT 1 FROM lotwatch.proposal_alive AS alive
            WHERE alive.proposal_id = other.proposal_id
        )
        AND NOT EXISTS (
            SELECT 1 FROM lotwatch.purchase_order_line AS known
            WHERE known.order_reference = other.code
        ) AS pending
    FROM line
    INNER JOIN lotwatch.proposal AS other
        ON
            line.site_id = other.site_id AND line.proposal_id <> other.proposal_id
            AND other.kind IN ('purchase_order', 'transfer', 'return_and_reship')
            AND other.state IN ('proposed', 'waiting', 'approved', 'sending', 'sent')
            -- what came before it, and all of its own plan
            AND (other.proposal_id < line.proposal_id OR other.created_at = line.created_at)
    INNER JOIN lotwatch.proposal_line AS other_line
        ON
            other.proposal_id = other_line.proposal_id AND line.item_id = other_line.item_id AND NOT other_line.refused
            AND other_line.declined < other_line.quantity
),

beside AS (
    SELECT
        other.proposal_id,
        other.item_id,
        coalesce(sum(other.quantity) FILTER (WHERE other.pending AND NOT other.same_plan), 0) AS others,
        coalesce(sum(other.quantity) FILTER (WHERE other.same_plan AND NOT other.pending), 0) AS plan_in_books,
        sum(other.quantity) FILTER (WHERE other.pending AND other.other_id < other.proposal_id) AS pending,
        string_agg(DISTINCT other.code, ', ')
        FILTER (WHERE other.pending AND other.other_id < other.proposal_id) AS codes
    FROM other
    GROUP BY other.proposal_id, other.item_id
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
),

reckoned AS (
    SELECT
        line.*,
        fact.item_code,
        fact.available,
        fact.on_order,
        nullif(fact.in_transit, 0) AS in_transit,
        fact.reorder_point,
        fact.target_level,
        beside.pending,
        beside.codes,
        CASE
            WHEN line.in_place_of IS NULL
                THEN
                    fact.inventory_position - coalesce(own.quantity, 0) + coalesce(beside.others, 0)
                    - coalesce(beside.plan_in_books, 0)
            WHEN recalled.wholly THEN fact.available
            ELSE fact.available + fact.in_transit
        END >= fact.reorder_point AS covered,
        line.in_place_of IS NULL
        AND fact.inventory_position - coalesce(own.quantity, 0) + coalesce(beside.pending, 0) >= fact.target_level AS full_up,
        line.kind = 'purchase_order' AND line.in_place_of IS NOT NULL AND recalled.item_id IS NULL AS had_again
    FROM line
    INNER JOIN lotwatch.fact_item_site AS fact
        ON coalesce(line.in_place_of, line.item_id) = fact.item_id AND line.site_id = fact.site_id
    LEFT JOIN beside ON line.proposal_id = beside.proposal_id AND line.item_id = beside.item_id
    LEFT JOIN own ON line.proposal_id = own.proposal_id AND line.item_id = own.item_id
    LEFT JOIN lotwatch.recalled_not_bought AS recalled ON line.in_place_of = recalled.item_id
)

SELECT
    reckoned.proposal_id,
    reckoned.code,
    item.item_id,
    item.code AS item_code,
    CASE
        WHEN reckoned.had_again
            THEN format('%%s: it can be ordered again; nothing needs to be ordered in its place.', reckoned.item_code)
        ELSE
            format(
                '%%s: needed no longer. %%s available, %%s on order%%s%%s; that is not below the %%s.',
                reckoned.item_code, reckoned.available, reckoned.on_order, ', ' || reckoned.in_transit || ' in transit',
                ', ' || reckoned.pending || ' proposed (' || reckoned.codes || ')',
                CASE
                    WHEN reckoned.covered THEN 'reorder point of ' || reckoned.reorder_point
                    ELSE 'target level of ' || reckoned.target_level
                END
            )
    END AS reason,
    CASE
        WHEN reckoned.had_again THEN format('%%s：可以重新订购，无需订购替代品。', reckoned.item_code)
        ELSE
            format(
                '%%s：已不再需要。可用 %%s，在订 %%s%%s%%s；不低于%%s。',
                reckoned.item_code, reckoned.available, reckoned.on_order, '，在途 ' || reckoned.in_transit,
                '，已提议 ' || reckoned.pending || '（' || reckoned.codes || '）',
                CASE
                    WHEN reckoned.covered THEN '再订货点 ' || reckoned.reorder_point
                    ELSE '目标库存 ' || reckoned.target_level
                END
            )
    END AS reason_zh
FROM reckoned
INNER JOIN lotwatch.item AS item ON reckoned.item_id = item.item_id
WHERE reckoned.had_again OR reckoned.covered OR reckoned.full_up
ORDER BY reckoned.proposal_id, item.code;

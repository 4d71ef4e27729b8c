-- What should be ordered from whom, for which site? One proposal for each supplier and site.
WITH agreement AS (
    SELECT DISTINCT ON (agreement.item_id) agreement.*
    FROM lotwatch.supplier_agreement AS agreement
    INNER JOIN lotwatch.supplier AS supplier ON agreement.supplier_id = supplier.supplier_id
    WHERE agreement.active AND supplier.active AND NOT supplier.blocked
    ORDER BY agreement.item_id, agreement.price, agreement.supplier_id
),

need AS (
    SELECT
        fact.item_id,
        fact.site_id,
        alert.alert_id,
        fact.inventory_position,
        fact.reorder_point,
        fact.target_level,
        fact.lead_time_days,
        agreement.supplier_id,
        agreement.price,
        agreement.currency,
        ceil(
            greatest(
                fact.target_level - fact.inventory_position - coalesce(moved.quantity, 0), agreement.minimum_order_quantity
            )::numeric
            / agreement.order_multiple
        )::bigint * agreement.order_multiple AS quantity
    FROM lotwatch.alert AS alert
    INNER JOIN lotwatch.fact_item_site AS fact
        ON alert.subject_kind = 'item_site' AND alert.subject_key = fact.subject_key
    INNER JOIN agreement ON fact.item_id = agreement.item_id
    -- what is proposed to be brought from elsewhere need not be bought
    LEFT JOIN lotwatch.proposed_inbound AS moved ON fact.item_id = moved.item_id AND fact.site_id = moved.site_id
    WHERE
        (alert.rule_id || '/' || alert.variant) = ANY(%(acting)s::text[]) AND alert.state IN ('open', 'acknowledged')
        AND fact.supplied_by = 'supplier' AND fact.inventory_position + coalesce(moved.quantity, 0) < fact.reorder_point
        -- what is proposed, waiting or on its way into the ERP is not proposed twice
        AND NOT EXISTS (
            SELECT 1
            FROM lotwatch.proposal_alive AS proposal
            INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id
            WHERE
                proposal.kind = 'purchase_order' AND line.item_id = fact.item_id AND proposal.site_id = fact.site_id
                AND NOT line.refused
                AND line.declined < line.quantity
        )
        -- after a no, a time-out or a refusal it is not asked for again at once
        AND NOT EXISTS (
            SELECT 1
            FROM lotwatch.proposal AS proposal
            INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id
            WHERE
                proposal.kind = 'purchase_order' AND line.item_id = fact.item_id AND proposal.site_id = fact.site_id
                AND CASE
                    WHEN proposal.state IN ('rejected', 'timed_out')
                        THEN proposal.created_at > %(as_of)s::timestamptz - make_interval(days => %(quiet_days_after_no)s)
                    WHEN proposal.state IN ('refused', 'failed') OR line.refused
                        THEN
                            proposal.created_at
                            > %(as_of)s::timestamptz - make_interval(days => %(quiet_days_after_refusal)s)
                    ELSE FALSE
                END
        )
),

header AS (
    INSERT INTO lotwatch.proposal (kind, supplier_id, site_id, currency, created_at)
    SELECT DISTINCT
        'purchase_order',
        supplier_id,
        site_id,
        currency,
        %(as_of)s::timestamptz
    FROM need
    ORDER BY site_id, supplier_id
    RETURNING proposal_id, code, supplier_id, site_id, currency
),

line AS (
    INSERT INTO lotwatch.proposal_line (proposal_id, item_id, alert_id, quantity, unit_price, requested_on, why)
    SELECT
        header.proposal_id,
        need.item_id,
        need.alert_id,
        need.quantity,
        need.price,
        (%(as_of)s::timestamptz AT TIME ZONE 'UTC')::date + ceil(need.lead_time_days)::integer,
        jsonb_build_object(
            'inventory_position', need.inventory_position,
            'reorder_point', need.reorder_point,
            'target_level', need.target_level
        )
    FROM need
    INNER JOIN header
        ON
            need.supplier_id = header.supplier_id AND need.site_id = header.site_id
            AND need.currency = header.currency
    RETURNING proposal_id
)

SELECT
    header.proposal_id,
    header.code,
    count(*) AS lines
FROM header
INNER JOIN line ON header.proposal_id = line.proposal_id
GROUP BY header.proposal_id, header.code
ORDER BY header.proposal_id;

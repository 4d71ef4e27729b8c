-- What should be ordered from whom, for which site, and how much? One proposal for each supplier and site: of what is short itself or,
-- `in_place`, of what stands in for what is recalled and cannot be had.
-- It is asked of the cheapest supplier with credentials in force that has not declined the same lately; what only such are left for
-- rests until they are asked again.
WITH offer AS (
    SELECT
        agreement.*,
        supplier.code AS supplier_code,
        supplier.name AS supplier_name,
        coalesce(%(freight)s::jsonb -> 'of' -> supplier.code, %(freight)s::jsonb) AS freight
    FROM lotwatch.supplier_agreement AS agreement
    INNER JOIN lotwatch.supplier AS supplier ON agreement.supplier_id = supplier.supplier_id
    WHERE agreement.active AND supplier.active AND NOT supplier.blocked
),

-- whose credentials are not in force: anywhere, or of some of our companies (the guard looks again, by the site's own day)
lapsed AS (
    SELECT
        held.item_id,
        held.supplier_id,
        bool_or(held.legal_entity_id IS NULL) AS anywhere,
        array_agg(held.legal_entity_id) AS entities
    FROM (
        SELECT
            offer.item_id,
            offer.supplier_id,
            credential.legal_entity_id
        FROM lotwatch.credential AS credential
        INNER JOIN offer
            ON
                credential.supplier_id = offer.supplier_id
                AND coalesce(credential.item_id, offer.item_id) = offer.item_id
        CROSS JOIN (SELECT (%(as_of)s::timestamptz AT TIME ZONE 'UTC')::date AS day) AS today
        GROUP BY offer.item_id, offer.supplier_id, credential.kind, credential.item_id, credential.legal_entity_id
        HAVING NOT bool_or(credential.valid_through >= today.day AND coalesce(credential.valid_from, today.day) <= today.day)
    ) AS held
    GROUP BY held.item_id, held.supplier_id
),

declined AS (
    SELECT known.*
    FROM lotwatch.purchase_declined AS known
    WHERE known.declined_at > %(as_of)s::timestamptz - %(quiet_after_no)s::interval
),

-- what is proposed, waiting or on its way into the ERP is not proposed twice; after a no, a time-out or a refusal it is not asked for
-- again at once
resting AS (
    SELECT
        line.item_id,
        proposal.site_id
    FROM lotwatch.proposal_alive AS proposal
    INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id
    WHERE
        proposal.kind = 'purchase_order' AND NOT line.refused AND line.declined < line.quantity
        AND (line.why ? 'in_place_of') = %(in_place)s::boolean
    UNION
    SELECT
        line.item_id,
        proposal.site_id
    FROM lotwatch.proposal AS proposal
    INNER JOIN lotwatch.proposal_line AS line ON proposal.proposal_id = line.proposal_id
    WHERE
        proposal.kind = 'purchase_order' AND (line.why ? 'in_place_of') = %(in_place)s::boolean
        AND CASE
            WHEN proposal.state IN ('rejected', 'timed_out')
                THEN proposal.created_at > %(as_of)s::timestamptz - %(quiet_after_no)s::interval
            WHEN proposal.state IN ('refused', 'failed') OR line.refused
                THEN proposal.created_at > %(as_of)s::timestamptz - make_interval(days => %(quiet_days_after_refusal)s)
            ELSE FALSE
        END
),

-- what remains of each item that cannot be had: nothing that is on order or on its way, where all of it is recalled
gone AS MATERIALIZED (
    SELECT
        fact.item_id,
        fact.site_id,
        fact.item_code,
        recalled.recall,
        alert.alert_id,
        fact.reorder_point,
        fact.target_level,
        fact.max_level,
        fact.days_to_stockout,
        fact.average_daily_usage AS usage,
        CASE
            WHEN recalled.wholly THEN fact.available - fact.backordered
            ELSE fact.inventory_position + coalesce(moved.quantity, 0)
        END AS remaining
    FROM lotwatch.recalled_not_bought AS recalled
    INNER JOIN (
        SELECT
            (known.subject ->> 'item_id')::bigint AS item_id,
            (known.subject ->> 'site_id')::bigint AS site_id,
            min(known.alert_id) AS alert_id
        FROM lotwatch.alert AS known
        WHERE
            (known.rule_id || '/' || known.variant) = ANY(%(acting)s::text[]) AND known.state IN ('open', 'acknowledged')
            AND known.subject_kind IN ('item_site', 'order_line')
        GROUP BY known.subject ->> 'item_id', known.subject ->> 'site_id'
    ) AS alert ON recalled.item_id = alert.item_id
    INNER JOIN lotwatch.fact_item_site AS fact ON alert.item_id = fact.item_id AND alert.site_id = fact.site_id
    LEFT JOIN lotwatch.proposed_inbound AS moved ON fact.item_id = moved.item_id AND fact.site_id = moved.site_id
    WHERE
        %(in_place)s::boolean AND fact.supplied_by = 'supplier'
        AND fact.item_id = ANY(ARRAY(SELECT known.item_id FROM lotwatch.recalled_not_bought AS known))
),

-- what may be used instead, and how much of it is there or coming beyond what is needed of it for itself
other AS MATERIALIZED (
    SELECT
        possible.item_id,
        possible.site_id,
        possible.substitute_id,
        fact.lead_time_days,
        greatest(
            0,
            coalesce(fact.inventory_position, 0) + coalesce(coming.quantity, 0) - coalesce(fact.reorder_point, 0)
        ) AS free
    FROM gone
    INNER JOIN lotwatch.substitute_in_force AS possible
        ON gone.item_id = possible.item_id AND gone.site_id = possible.site_id
    LEFT JOIN (
        SELECT known.*
        FROM lotwatch.fact_item_site AS known
        WHERE
            known.item_id = ANY(ARRAY(
                SELECT kept.substitute_id
                FROM lotwatch.item_substitute AS kept
                INNER JOIN lotwatch.recalled_not_bought AS recalled ON kept.item_id = recalled.item_id
            ))
    ) AS fact ON possible.substitute_id = fact.item_id AND possible.site_id = fact.site_id
    LEFT JOIN lotwatch.proposed_inbound AS coming
        ON possible.substitute_id = coming.item_id AND possible.site_id = coming.site_id
    WHERE
        NOT EXISTS (
            SELECT 1 FROM lotwatch.recalled_not_bought AS recalled
            WHERE recalled.item_id = possible.substitute_id
        )
),

-- who is asked for what, for which site
agreement AS (
    SELECT DISTINCT ON (subject.item_id, subject.site_id)
        subject.site_id,
        offer.*,
        declined.supplier_id IS NOT NULL AS rests
    FROM (
        SELECT
            (alert.subject ->> 'item_id')::bigint AS item_id,
            (alert.subject ->> 'site_id')::bigint AS site_id
        FROM lotwatch.alert AS alert
        WHERE
            (alert.rule_id || '/' || alert.variant) = ANY(%(acting)s::text[]) AND alert.state IN ('open', 'acknowledged')
            AND alert.subject_kind = 'item_site' AND NOT %(in_place)s::boolean
        UNION
        SELECT
            other.substitute_id,
            other.site_id
        FROM other
    ) AS subject
    INNER JOIN offer ON subject.item_id = offer.item_id
    INNER JOIN lotwatch.location AS site ON subject.site_id = site.location_id
    LEFT JOIN lapsed ON offer.item_id = lapsed.item_id AND offer.supplier_id = lapsed.supplier_id
    LEFT JOIN declined
        ON
            subject.item_id = declined.item_id AND subject.site_id = declined.site_id
            AND offer.supplier_id = declined.supplier_id
    ORDER BY
        subject.item_id,
        subject.site_id,
        CASE
            WHEN declined.supplier_id IS NOT NULL THEN 2
            WHEN lapsed.anywhere OR site.legal_entity_id = ANY(lapsed.entities) THEN 3
            ELSE 1
        END,
        offer.price,
        offer.supplier_id
),

-- of several the cheapest that may be asked for
chosen AS (
    SELECT DISTINCT ON (gone.item_id, gone.site_id)
        gone.*,
        other.substitute_id,
        coalesce(other.lead_time_days, agreement.lead_time_days) AS lead_time_days,
        (
            SELECT sum(part.free) FROM other AS part
            WHERE part.item_id = gone.item_id AND part.site_id = gone.site_id
        ) AS instead
    FROM gone
    INNER JOIN other ON gone.item_id = other.item_id AND gone.site_id = other.site_id
    INNER JOIN agreement
        ON other.substitute_id = agreement.item_id AND other.site_id = agreement.site_id AND NOT agreement.rests
    WHERE
        gone.remaining < gone.reorder_point
        AND NOT EXISTS (
            SELECT 1 FROM resting
            WHERE resting.item_id = other.substitute_id AND resting.site_id = other.site_id
        )
    ORDER BY gone.item_id, gone.site_id, agreement.price, other.substitute_id
),

short AS (
    SELECT
        fact.item_id,
        fact.site_id,
        alert.alert_id,
        fact.inventory_position,
        fact.reorder_point,
        fact.target_level,
        fact.max_level,
        fact.lead_time_days,
        fact.days_to_stockout,
        fact.average_daily_usage AS usage,
        agreement.supplier_id,
        agreement.price,
        agreement.price_breaks,
        agreement.currency,
        agreement.minimum_order_quantity,
        agreement.order_multiple,
        coalesce((agreement.freight -> 'cost' ->> agreement.currency)::numeric, 0) AS freight,
        (agreement.freight -> 'free_above' ->> agreement.currency)::numeric AS free_above,
        fact.inventory_position + coalesce(moved.quantity, 0) AS position,
        -- what can be used before it expires, if it comes with no more than the life that was agreed
        floor(
            fact.average_daily_usage * (fact.lead_time_days + agreement.minimum_remaining_life_days)
        )::bigint - fact.inventory_position - coalesce(moved.quantity, 0) AS usable,
        NULL::bigint AS in_place_of,
        NULL::text AS replaced,
        NULL::text AS recall
    FROM lotwatch.alert AS alert
    INNER JOIN lotwatch.fact_item_site AS fact
        ON alert.subject_kind = 'item_site' AND alert.subject_key = fact.subject_key
    INNER JOIN agreement
        ON fact.item_id = agreement.item_id AND fact.site_id = agreement.site_id AND NOT agreement.rests
    -- what is proposed to be brought from elsewhere need not be bought
    LEFT JOIN lotwatch.proposed_inbound AS moved ON fact.item_id = moved.item_id AND fact.site_id = moved.site_id
    WHERE
        (alert.rule_id || '/' || alert.variant) = ANY(%(acting)s::text[]) AND alert.state IN ('open', 'acknowledged')
        AND fact.supplied_by = 'supplier' AND fact.inventory_position + coalesce(moved.quantity, 0) < fact.reorder_point
        AND NOT %(in_place)s::boolean
        AND NOT EXISTS (
            SELECT 1 FROM resting
            WHERE resting.item_id = fact.item_id AND resting.site_id = fact.site_id
        )
        AND NOT EXISTS (
            SELECT 1 FROM lotwatch.recalled_not_bought AS recalled
            WHERE recalled.item_id = fact.item_id
        )
    UNION ALL
    SELECT
        chosen.substitute_id,
        chosen.site_id,
        min(chosen.alert_id),
        NULL,
        sum(chosen.reorder_point)::bigint,
        sum(chosen.target_level)::bigint,
        sum(chosen.max_level)::bigint,
        chosen.lead_time_days,
        min(chosen.days_to_stockout),
        sum(chosen.usage),
        agreement.supplier_id,
        agreement.price,
        agreement.price_breaks,
        agreement.currency,
        agreement.minimum_order_quantity,
        agreement.order_multiple,
        coalesce((agreement.freight -> 'cost' ->> agreement.currency)::numeric, 0),
        (agreement.freight -> 'free_above' ->> agreement.currency)::numeric,
        (sum(chosen.remaining) + max(chosen.instead))::bigint,
        floor(
            sum(chosen.usage) * (chosen.lead_time_days + agreement.minimum_remaining_life_days)
        )::bigint - (sum(chosen.remaining) + max(chosen.instead))::bigint,
        min(chosen.item_id),
        string_agg(format('%%s (%%s)', chosen.item_code, chosen.recall), ', ' ORDER BY chosen.item_code),
        string_agg(DISTINCT chosen.recall, ', ')
    FROM chosen
    INNER JOIN agreement ON chosen.substitute_id = agreement.item_id AND chosen.site_id = agreement.site_id
    GROUP BY
        chosen.substitute_id, chosen.site_id, chosen.lead_time_days, agreement.supplier_id, agreement.price,
        agreement.price_breaks, agreement.currency, agreement.minimum_order_quantity, agreement.order_multiple,
        agreement.freight, agreement.minimum_remaining_life_days
    HAVING sum(chosen.remaining) + max(chosen.instead) < sum(chosen.reorder_point)
),

-- up to the target in whole packs; less where it would expire, but no less than the supplier delivers
needed AS (
    SELECT
        short.*,
        least(wanted.quantity, greatest(usable.quantity, wanted.least)) AS quantity,
        wanted.least,
        count(*) OVER (PARTITION BY short.supplier_id, short.site_id, short.currency) AS lines
    FROM short
    CROSS JOIN
        LATERAL (
            SELECT
                ceil(
                    greatest(short.target_level - short.position, short.minimum_order_quantity)::numeric
                    / short.order_multiple
                )::bigint * short.order_multiple AS quantity,
                ceil(short.minimum_order_quantity::numeric / short.order_multiple)::bigint * short.order_multiple AS least
        ) AS wanted
    CROSS JOIN
        LATERAL (
            SELECT coalesce(short.usable / short.order_multiple * short.order_multiple, wanted.quantity) AS quantity
        ) AS usable
),

-- what a year's usage costs, ordered in such quantities: goods, a part of the freight, and holding half of an order
choice AS (
    SELECT
        needed.item_id,
        needed.site_id,
        size.quantity,
        paid.price,
        needed.usage * 365 * paid.price
        + needed.usage * 365 / size.quantity * needed.freight / needed.lines
        + %(holding_rate)s::numeric * paid.price * size.quantity / 2 AS yearly
    FROM needed
    CROSS JOIN
        LATERAL (
            SELECT needed.quantity
            UNION
            SELECT ceil((step.part ->> 'quantity')::numeric / needed.order_multiple)::bigint * needed.order_multiple
            FROM jsonb_array_elements(needed.price_breaks) AS step (part)
        ) AS size
    CROSS JOIN
        LATERAL (
            SELECT
                coalesce((
                    SELECT (step.part ->> 'price')::numeric
                    FROM jsonb_array_elements(needed.price_breaks) AS step (part)
                    WHERE (step.part ->> 'quantity')::numeric <= size.quantity
                    ORDER BY (step.part ->> 'quantity')::numeric DESC
                    LIMIT 1
                ), needed.price) AS price
        ) AS paid
    WHERE
        size.quantity = needed.quantity
        -- a break pays where it is used in time, and nobody has more than may be there
        OR (
            size.quantity > needed.quantity AND needed.usage > 0 AND size.quantity <= coalesce(needed.usable, size.quantity)
            AND needed.position + size.quantity <= needed.max_level
        )
),

best AS (
    SELECT DISTINCT ON (choice.item_id, choice.site_id) choice.*
    FROM choice
    ORDER BY choice.item_id, choice.site_id, choice.yearly NULLS LAST, choice.quantity
),

need AS (
    SELECT
        needed.*,
        best.quantity AS ordered,
        best.price AS paid,
        plain.price AS plain_price,
        -- by this order
        CASE
            WHEN best.quantity > needed.quantity
                THEN (plain.yearly - best.yearly) * best.quantity / (needed.usage * 365)
        END AS saves
    FROM needed
    INNER JOIN best ON needed.item_id = best.item_id AND needed.site_id = best.site_id
    INNER JOIN choice AS plain
        ON needed.item_id = plain.item_id AND needed.site_id = plain.site_id AND needed.quantity = plain.quantity
),

orders AS (
    SELECT
        supplier_id,
        site_id,
        currency,
        count(*) AS lines,
        min(floor(days_to_stockout))::integer AS days,
        string_agg(replaced, ', ' ORDER BY replaced) AS replaced,
        CASE WHEN sum(ordered * paid) < coalesce(min(free_above), 'infinity') THEN min(freight) ELSE 0 END AS freight,
        sum(ordered * paid) AS total,
        sum(quantity * plain_price) FILTER (WHERE ordered > quantity) AS plain,
        sum(saves) AS saves
    FROM need
    GROUP BY supplier_id, site_id, currency
),

-- who would have been asked before
passed_over AS (
    SELECT
        need.supplier_id,
        need.site_id,
        need.currency,
        jsonb_agg(
            jsonb_build_object(
                'kind', 'purchase_order',
                'why_not', jsonb_build_object(
                    'en',
                    format(
                        '%%s (%%s) declined %%s of %%s on %%s; asked again on %%s',
                        offer.supplier_name, offer.supplier_code, declined.quantity, item.code, day.declined, day.again
                    ),
                    'zh',
                    format(
                        '%%s（%%s）于 %%s 拒绝供应 %%s %%s 件；%%s 起再次询问',
                        offer.supplier_name, offer.supplier_code, day.declined, item.code, declined.quantity, day.again
                    )
                )
            ) ORDER BY item.code, offer.price, offer.supplier_id
        ) AS told
    FROM need
    INNER JOIN declined ON need.item_id = declined.item_id AND need.site_id = declined.site_id
    INNER JOIN offer
        ON
            declined.item_id = offer.item_id AND declined.supplier_id = offer.supplier_id
            AND (offer.price, offer.supplier_id) < (need.price, need.supplier_id)
    INNER JOIN lotwatch.item AS item ON need.item_id = item.item_id
    INNER JOIN lotwatch.location AS site ON need.site_id = site.location_id
    CROSS JOIN
        LATERAL (
            SELECT
                (declined.declined_at AT TIME ZONE site.time_zone)::date AS declined,
                ((declined.declined_at + %(quiet_after_no)s::interval) AT TIME ZONE site.time_zone)::date AS again
        ) AS day
    GROUP BY need.supplier_id, need.site_id, need.currency
),

header AS (
    INSERT INTO lotwatch.proposal (
        kind, supplier_id, site_id, currency, created_at, cost, saves, alternatives, if_nobody_acts, details
    )
    SELECT
        'purchase_order',
        orders.supplier_id,
        orders.site_id,
        orders.currency,
        %(as_of)s::timestamptz,
        orders.total + orders.freight,
        orders.saves,
        coalesce(passed_over.told, '[]') || CASE
            WHEN orders.saves IS NULL THEN '[]'
            ELSE
                jsonb_build_array(jsonb_build_object(
                    'kind', 'purchase_order',
                    'cost', round(orders.plain, 2),
                    'why_not', jsonb_build_object(
                        'en', 'ordering only what is short now misses the price breaks',
                        'zh', '仅订购当前缺口将得不到阶梯价'
                    )
                ))
        END,
        CASE
            WHEN orders.replaced IS NOT NULL
                THEN
                    jsonb_build_object(
                        'en', format('recalled, and nothing comes in its place: %%s', orders.replaced),
                        'zh', format('已被召回且无替代品到货：%%s', orders.replaced)
                    )
            WHEN orders.days IS NOT NULL
                THEN
                    jsonb_build_object(
                        'en', format('%%s items stay below their reorder point; the first runs out in %%s days', orders.lines, orders.days),
                        'zh', format('%%s 种物料持续低于再订货点；最早 %%s 天后用完', orders.lines, orders.days)
                    )
        END,
        jsonb_build_object('freight', orders.freight)
    FROM orders
    LEFT JOIN passed_over
        ON
            orders.supplier_id = passed_over.supplier_id AND orders.site_id = passed_over.site_id
            AND orders.currency = passed_over.currency
    ORDER BY orders.site_id, orders.supplier_id
    RETURNING proposal_id, code, supplier_id, site_id, currency
),

line AS (
    INSERT INTO lotwatch.proposal_line (proposal_id, item_id, alert_id, quantity, unit_price, requested_on, why)
    SELECT
        header.proposal_id,
        need.item_id,
        need.alert_id,
        need.ordered,
        need.paid,
        (%(as_of)s::timestamptz AT TIME ZONE 'UTC')::date + ceil(need.lead_time_days)::integer,
        jsonb_strip_nulls(jsonb_build_object(
            'in_place_of', need.in_place_of,
            'recall', need.recall,
            'inventory_position', coalesce(need.inventory_position, need.position),
            'reorder_point', need.reorder_point,
            'target_level', need.target_level,
            -- what was short, where a price break made it more; what may expire, where the supplier delivers no less
            'needed', nullif(need.quantity, need.ordered),
            'may_expire', CASE WHEN need.usable < need.ordered THEN need.ordered - greatest(need.usable, 0) END
        ))
    FROM need
    INNER JOIN header
        ON
            need.supplier_id = header.supplier_id AND need.site_id = header.site_id
            AND need.currency = header.currency
    RETURNING proposal_id
)

SELECT
    header.code,
    jsonb_build_object(
        'supplier', supplier.code,
        'site', site.code,
        'total', orders.total,
        'lines', orders.lines
    ) AS told
FROM header
INNER JOIN orders
    ON
        header.supplier_id = orders.supplier_id AND header.site_id = orders.site_id
        AND header.currency = orders.currency
INNER JOIN lotwatch.supplier AS supplier ON header.supplier_id = supplier.supplier_id
INNER JOIN lotwatch.location AS site ON header.site_id = site.location_id
ORDER BY header.proposal_id;

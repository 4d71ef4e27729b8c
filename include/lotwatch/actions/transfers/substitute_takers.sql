-- Of what may take the place of recalled items: how much of it is needed where, until more of the item itself can come, beside what is
-- free of it there or on its way; and, at every site, what is needed to tell what can be given. Where an item of an acting alert stays
-- short; of several substitutes, by the one of which most is too much elsewhere.
WITH short AS (
    SELECT
        fact.item_id,
        fact.site_id,
        min(alert.alert_id) AS alert_id,
        fact.reorder_point - fact.available
        - CASE WHEN recalled.wholly THEN 0 ELSE fact.in_transit + coalesce(coming.quantity, 0) END AS quantity,
        fact.average_daily_usage AS usage
    FROM lotwatch.alert AS alert
    INNER JOIN lotwatch.fact_item_site AS fact
        ON
            alert.subject_kind IN ('item_site', 'order_line')
            AND (alert.subject ->> 'item_id')::bigint = fact.item_id AND (alert.subject ->> 'site_id')::bigint = fact.site_id
    LEFT JOIN lotwatch.proposed_inbound AS coming ON fact.item_id = coming.item_id AND fact.site_id = coming.site_id
    LEFT JOIN lotwatch.recalled_not_bought AS recalled ON fact.item_id = recalled.item_id
    WHERE
        (alert.rule_id || '/' || alert.variant) = ANY(%(acting)s::text[]) AND alert.state IN ('open', 'acknowledged')
        AND CASE WHEN recalled.wholly THEN fact.available ELSE fact.inventory_position + coalesce(coming.quantity, 0) END
        < fact.reorder_point
        AND NOT fact.data_in_quarantine
        AND EXISTS (
            SELECT 1 FROM lotwatch.hold AS hold
            WHERE hold.cause = 'recall' AND hold.released_at IS NULL AND hold.item_id = fact.item_id
        )
    GROUP BY
        fact.item_id, fact.site_id, fact.reorder_point, fact.available, fact.in_transit, coming.quantity, recalled.wholly,
        fact.average_daily_usage
),

other AS MATERIALIZED (
    SELECT
        fact.item_id,
        fact.site_id,
        fact.available,
        fact.reorder_point,
        fact.target_level,
        fact.average_daily_usage,
        fact.unit_cost,
        greatest(fact.available - fact.target_level, 0) AS too_much
    FROM lotwatch.fact_item_site AS fact
    WHERE
        NOT fact.data_in_quarantine AND fact.item_id IN (
            SELECT possible.substitute_id
            FROM short
            INNER JOIN lotwatch.substitute_in_force AS possible
                ON short.item_id = possible.item_id AND short.site_id = possible.site_id
        )
),

chosen AS (
    SELECT DISTINCT ON (short.item_id, short.site_id)
        short.*,
        possible.substitute_id
    FROM short
    INNER JOIN lotwatch.substitute_in_force AS possible
        ON short.item_id = possible.item_id AND short.site_id = possible.site_id
    CROSS JOIN
        LATERAL (
            SELECT coalesce(sum(other.too_much), 0) AS quantity
            FROM other
            WHERE other.item_id = possible.substitute_id AND other.site_id <> short.site_id
        ) AS elsewhere
    WHERE short.quantity > 0
    ORDER BY short.item_id, short.site_id, elsewhere.quantity DESC, possible.substitute_id
),

wanted AS (
    SELECT
        chosen.substitute_id AS item_id,
        chosen.site_id,
        min(chosen.alert_id) AS alert_id,
        min(chosen.item_id) AS in_place_of,
        sum(chosen.quantity)::bigint AS quantity,
        sum(chosen.usage) AS usage
    FROM chosen
    GROUP BY chosen.substitute_id, chosen.site_id
),

pair AS (
    SELECT
        other.item_id,
        other.site_id
    FROM other
    UNION
    SELECT
        wanted.item_id,
        wanted.site_id
    FROM wanted
),

agreement AS (
    SELECT
        known.item_id,
        min(known.price) AS price
    FROM lotwatch.supplier_agreement AS known
    WHERE known.active AND known.currency = %(currency)s
    GROUP BY known.item_id
)

SELECT
    pair.item_id AS item,
    pair.site_id AS site,
    wanted.alert_id,
    wanted.in_place_of,
    site.legal_entity_id,
    coalesce(agreement.price, item.unit_cost)::float AS price,
    %(currency)s::text AS currency,
    (coalesce(other.average_daily_usage, 0) + coalesce(wanted.usage, 0))::float AS usage,
    other.target_level,
    greatest(
        0,
        coalesce(wanted.quantity, 0) - greatest(0, coalesce(other.available, 0) - coalesce(other.reorder_point, 0))
        - coalesce(coming.quantity, 0)
    )::bigint AS need
FROM pair
INNER JOIN lotwatch.location AS site ON pair.site_id = site.location_id
INNER JOIN lotwatch.item AS item ON pair.item_id = item.item_id
LEFT JOIN other ON pair.item_id = other.item_id AND pair.site_id = other.site_id
LEFT JOIN wanted ON pair.item_id = wanted.item_id AND pair.site_id = wanted.site_id
LEFT JOIN agreement ON pair.item_id = agreement.item_id
LEFT JOIN lotwatch.proposed_inbound AS coming ON pair.item_id = coming.item_id AND pair.site_id = coming.site_id
ORDER BY pair.item_id, pair.site_id;

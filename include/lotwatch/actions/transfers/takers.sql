-- Of the items that an acting alert is about: what is needed where (up to the target, less what is proposed already), at what
-- price it would be bought, and how fast it is used. Of an alert about a lot: wherever its item is used.
WITH concerned AS (
    SELECT DISTINCT (alert.subject ->> 'item_id')::bigint AS item_id
    FROM lotwatch.alert AS alert
    WHERE
        (alert.rule_id || '/' || alert.variant) = ANY(%(acting)s::text[]) AND alert.state IN ('open', 'acknowledged')
        AND alert.subject_kind <> 'order_line'
),

short AS (
    SELECT
        (alert.subject ->> 'item_id')::bigint AS item_id,
        (alert.subject ->> 'site_id')::bigint AS site_id,
        min(alert.alert_id) AS alert_id
    FROM lotwatch.alert AS alert
    WHERE
        (alert.rule_id || '/' || alert.variant) = ANY(%(acting)s::text[]) AND alert.state IN ('open', 'acknowledged')
        AND alert.subject_kind = 'item_site'
    GROUP BY alert.subject ->> 'item_id', alert.subject ->> 'site_id'
),

agreement AS (
    SELECT DISTINCT ON (agreement.item_id)
        agreement.item_id,
        agreement.price,
        agreement.currency
    FROM lotwatch.supplier_agreement AS agreement
    INNER JOIN lotwatch.supplier AS supplier ON agreement.supplier_id = supplier.supplier_id
    WHERE agreement.active AND supplier.active AND NOT supplier.blocked
    ORDER BY agreement.item_id, agreement.price, agreement.supplier_id
)

SELECT
    fact.item_id AS item,
    fact.site_id AS site,
    short.alert_id,
    NULL::bigint AS in_place_of,
    site.legal_entity_id,
    coalesce(agreement.price, fact.unit_cost)::float AS price,
    coalesce(agreement.currency, %(currency)s) AS currency,
    coalesce(fact.average_daily_usage, 0)::float AS usage,
    fact.target_level,
    CASE
        WHEN short.item_id IS NOT NULL AND fact.inventory_position + coalesce(coming.quantity, 0) < fact.reorder_point
            THEN greatest(0, fact.target_level - fact.inventory_position - coalesce(coming.quantity, 0))
        ELSE 0
    END AS need
FROM lotwatch.fact_item_site AS fact
INNER JOIN concerned ON fact.item_id = concerned.item_id
INNER JOIN lotwatch.location AS site ON fact.site_id = site.location_id
LEFT JOIN short ON fact.item_id = short.item_id AND fact.site_id = short.site_id
LEFT JOIN agreement ON fact.item_id = agreement.item_id
LEFT JOIN lotwatch.proposed_inbound AS coming ON fact.item_id = coming.item_id AND fact.site_id = coming.site_id
WHERE NOT fact.data_in_quarantine
ORDER BY fact.item_id, fact.site_id;

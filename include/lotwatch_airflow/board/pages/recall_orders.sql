-- What of the case's items is on order, what is proposed to replace it, and who waits for it?
WITH concerned AS (
    SELECT DISTINCT item_id
    FROM lotwatch.recall_match_current
    WHERE case_id = %(case_id)s AND verdict = 'affected'
)

SELECT
    'ordered' AS how,
    ordered.order_number AS number,
    NULL::bigint AS proposal_id,
    item.code AS item_code,
    item.name AS item_name,
    site.code AS site_code,
    site.name AS site_name,
    supplier.name AS supplier_name,
    ordered.quantity,
    ordered.promised_on
FROM concerned
INNER JOIN lotwatch.purchase_order_line AS ordered ON concerned.item_id = ordered.item_id
INNER JOIN lotwatch.item AS item ON ordered.item_id = item.item_id
INNER JOIN lotwatch.location AS site ON ordered.site_id = site.location_id
INNER JOIN lotwatch.supplier AS supplier ON ordered.supplier_id = supplier.supplier_id
WHERE ordered.state IN ('draft', 'open')
UNION ALL
SELECT
    'proposed',
    proposal.code AS number,
    proposal.proposal_id,
    item.code AS item_code,
    item.name AS item_name,
    site.code AS site_code,
    site.name AS site_name,
    supplier.name AS supplier_name,
    line.quantity,
    NULL
FROM concerned
INNER JOIN lotwatch.proposal_line AS line
    ON concerned.item_id = coalesce((line.why ->> 'in_place_of')::bigint, line.item_id)
INNER JOIN lotwatch.proposal AS proposal ON line.proposal_id = proposal.proposal_id
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
INNER JOIN lotwatch.location AS site ON proposal.site_id = site.location_id
LEFT JOIN lotwatch.supplier AS supplier ON proposal.supplier_id = supplier.supplier_id
WHERE
    proposal.kind IN ('purchase_order', 'transfer') AND proposal.state IN ('proposed', 'waiting', 'approved', 'sending')
    AND NOT line.refused
UNION ALL
SELECT
    'wanted',
    coalesce(demand.number, demand.source_key) AS number,
    NULL,
    item.code AS item_code,
    item.name AS item_name,
    site.code AS site_code,
    site.name AS site_name,
    NULL,
    wanted.quantity,
    wanted.need_by
FROM concerned
INNER JOIN lotwatch.demand_order_line AS wanted ON concerned.item_id = wanted.item_id AND wanted.state = 'open'
INNER JOIN lotwatch.demand_order AS demand ON wanted.demand_order_id = demand.demand_order_id
INNER JOIN lotwatch.item AS item ON wanted.item_id = item.item_id
INNER JOIN lotwatch.location AS site ON wanted.site_id = site.location_id
ORDER BY how, site_code, number
LIMIT 200

-- How many open needs have nobody to order from?
SELECT count(*)
FROM lotwatch.alert AS alert
INNER JOIN lotwatch.fact_item_site AS fact
    ON alert.subject_kind = 'item_site' AND alert.subject_key = fact.subject_key
WHERE
    (alert.rule_id || '/' || alert.variant) = ANY(%(acting)s::text[]) AND alert.state IN ('open', 'acknowledged')
    AND fact.supplied_by = 'supplier'
    AND NOT EXISTS (
        SELECT 1
        FROM lotwatch.supplier_agreement AS agreement
        INNER JOIN lotwatch.supplier AS supplier ON agreement.supplier_id = supplier.supplier_id
        WHERE agreement.item_id = fact.item_id AND agreement.active AND supplier.active AND NOT supplier.blocked
    );

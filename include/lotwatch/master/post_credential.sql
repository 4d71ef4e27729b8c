-- Registrations, licences and authorisations of items, suppliers and legal entities, and when they are valid.
INSERT INTO lotwatch.credential AS kept (
    kind, number, item_id, supplier_id, legal_entity_id, valid_from, valid_through
)
SELECT DISTINCT ON (staged.kind, staged.number, item.item_id, supplier.supplier_id, legal_entity.legal_entity_id)
    staged.kind,
    staged.number,
    item.item_id,
    supplier.supplier_id,
    legal_entity.legal_entity_id,
    staged.valid_from,
    staged.valid_through
FROM stage.credential AS staged
LEFT JOIN lotwatch.item AS item ON staged.item_code = item.code
LEFT JOIN lotwatch.supplier AS supplier ON staged.supplier_code = supplier.code
LEFT JOIN lotwatch.legal_entity AS legal_entity ON staged.legal_entity_code = legal_entity.code
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY
    staged.kind, staged.number, item.item_id, supplier.supplier_id, legal_entity.legal_entity_id, staged.record_no DESC
ON CONFLICT (kind, number, item_id, supplier_id, legal_entity_id) DO UPDATE
    SET valid_from = excluded.valid_from, valid_through = excluded.valid_through
    WHERE
    (kept.valid_from, kept.valid_through) IS DISTINCT FROM (excluded.valid_from, excluded.valid_through);

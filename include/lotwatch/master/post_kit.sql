-- Kits: what they are, whose, where and until when.
INSERT INTO lotwatch.kit AS kept (code, name, item_id, owner, supplier_id, location_id, due_back, state)
SELECT DISTINCT ON (staged.code)
    staged.code,
    staged.name,
    item.item_id,
    staged.owner,
    supplier.supplier_id,
    location.location_id,
    staged.due_back,
    staged.state
FROM stage.kit AS staged
LEFT JOIN lotwatch.item AS item ON staged.kit_item_code = item.code
LEFT JOIN lotwatch.supplier AS supplier ON staged.supplier_code = supplier.code
LEFT JOIN lotwatch.location AS location ON staged.location_code = location.code
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY staged.code, staged.record_no DESC
ON CONFLICT (code) DO UPDATE
    SET
        name = excluded.name, item_id = excluded.item_id, owner = excluded.owner, supplier_id = excluded.supplier_id,
        location_id = excluded.location_id, due_back = excluded.due_back, state = excluded.state
    WHERE
    (kept.name, kept.item_id, kept.owner, kept.supplier_id, kept.location_id, kept.due_back, kept.state)
    IS DISTINCT FROM (
        excluded.name, excluded.item_id, excluded.owner, excluded.supplier_id,
        excluded.location_id, excluded.due_back, excluded.state
    );

-- Until when is an item registered? When it began is kept where its system does not say.
INSERT INTO lotwatch.credential AS kept (kind, number, item_id, valid_from, valid_through)
SELECT DISTINCT ON (item.item_id)
    'registration',
    staged.registration_number,
    item.item_id,
    staged.registration_from,
    staged.registration_through
FROM stage.item AS staged
INNER JOIN lotwatch.item AS item ON staged.code = item.code
WHERE
    staged.batch_id = %(batch_id)s AND staged.errors = '{}'
    AND staged.registration_number IS NOT NULL AND staged.registration_through IS NOT NULL
ORDER BY item.item_id, staged.record_no DESC
ON CONFLICT (kind, number, item_id, supplier_id, legal_entity_id) DO UPDATE
    SET valid_from = coalesce(excluded.valid_from, kept.valid_from), valid_through = excluded.valid_through
    WHERE
    (kept.valid_from, kept.valid_through)
    IS DISTINCT FROM (coalesce(excluded.valid_from, kept.valid_from), excluded.valid_through);

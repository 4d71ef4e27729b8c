-- The device identifier on an item's own label. One that is another item's already stays that item's.
INSERT INTO lotwatch.item_identifier (agency, code, item_id)
SELECT DISTINCT ON (staged.udi_di)
    lotwatch.identifier_agency(staged.udi_di) AS agency,
    staged.udi_di,
    item.item_id
FROM stage.item AS staged
INNER JOIN lotwatch.item AS item ON staged.code = item.code
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND staged.udi_di IS NOT NULL
ORDER BY staged.udi_di, staged.record_no DESC
ON CONFLICT (agency, code) DO NOTHING;

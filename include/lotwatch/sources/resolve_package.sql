-- Records that name their item only by the identifier on a package: which item is it, and how many base units are that?
-- A quantity with a unit counts that unit, not packages: the next statement converts it.
UPDATE stage.{entity} AS s
SET
    item_code = found.item_code,
    quantity = CASE WHEN s.unit IS NULL THEN s.quantity * found.units_contained ELSE s.quantity END,
    stated = jsonb_build_object('item_code', NULL, 'quantity', s.quantity) || coalesce(s.stated, '{{}}')
FROM (
    SELECT DISTINCT ON (staged.record_no)
        staged.record_no,
        coalesce(waiting.item_code, item.code, label.item_code) AS item_code,
        coalesce(waiting.units_contained, known.units_contained, 1) AS units_contained
    FROM stage.{entity} AS staged
    LEFT JOIN lotwatch.item_identifier AS known
        ON lotwatch.identifier_key(known.code) = lotwatch.identifier_key(staged.udi_di)
    LEFT JOIN lotwatch.item AS item ON item.item_id = known.item_id
    LEFT JOIN lotwatch.waiting_identifier AS waiting ON waiting.key = lotwatch.identifier_key(staged.udi_di)
    LEFT JOIN lotwatch.waiting_udi_di AS label ON label.key = lotwatch.identifier_key(staged.udi_di)
    WHERE staged.batch_id = %(batch_id)s AND staged.item_code IS NULL AND staged.udi_di IS NOT NULL
    ORDER BY staged.record_no, known.agency
) AS found
WHERE s.batch_id = %(batch_id)s AND s.record_no = found.record_no AND found.item_code IS NOT NULL;

-- Records that name their item only by the identifier on a label: which item is it?
UPDATE stage.{entity} AS s
SET
    item_code = found.item_code,
    stated = jsonb_build_object('item_code', NULL) || coalesce(s.stated, '{{}}')
FROM (
    SELECT DISTINCT ON (staged.record_no)
        staged.record_no, coalesce(waiting.item_code, item.code, label.item_code) AS item_code
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

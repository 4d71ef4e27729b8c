-- Whom must the case reach? Sites with open tasks, and suppliers who sent us what is recalled, or the notice about it.
INSERT INTO lotwatch.recall_response (case_id, party, party_id)
SELECT DISTINCT
    task.case_id,
    'site',
    coalesce(task.site_id, task.place_id)
FROM lotwatch.recall_task AS task
WHERE task.case_id = %(case_id)s AND task.state = 'open' AND task.kind <> 'effectiveness'
UNION
SELECT
    told.case_id,
    'supplier',
    supplier.supplier_id
FROM lotwatch.recall_case_notice AS told
INNER JOIN lotwatch.notice AS notice ON told.notice_id = notice.notice_id
INNER JOIN lotwatch.supplier AS supplier ON notice.issuer = supplier.code
WHERE told.case_id = %(case_id)s AND %(suppliers)s
UNION
SELECT
    concerned.case_id,
    'supplier',
    ordered.supplier_id
FROM lotwatch.recall_match_current AS concerned
INNER JOIN lotwatch.movement AS movement
    ON concerned.item_id = movement.item_id AND concerned.lot_id = movement.lot_id
INNER JOIN lotwatch.purchase_order_line AS ordered ON movement.order_line_key = ordered.source_key
WHERE
    concerned.case_id = %(case_id)s AND concerned.verdict = 'affected'
    AND movement.lot_id <> 0 -- said of the movement: its index on lots is then used
    AND movement.order_line_key IS NOT NULL AND %(suppliers)s
ON CONFLICT (case_id, party, party_id) DO NOTHING;

-- Lots, units and stock without numbers of recall cases, each with its verdict in force, the notice's words that decided and
-- how much of it lies where the reader may look.
SELECT
    opened.code,
    opened.title,
    opened.recall_class,
    opened.action_kind,
    opened.kind,
    opened.opened_at,
    known.item_id,
    known.lot_id,
    known.serial_id,
    known.verdict,
    known.reason,
    known.said,
    known.decided_by,
    known.decided_at,
    item.code AS item_code,
    item.name AS item_name,
    item.legal_manufacturer,
    lot.number AS lot_number,
    unit.number AS serial_number,
    version.notice_id,
    notice.number AS notice_number,
    clause.text AS clause,
    (
        SELECT coalesce(sum(lying.quantity), 0)
        FROM lotwatch.position AS lying
        INNER JOIN lotwatch.location AS place ON lying.location_id = place.location_id
        LEFT JOIN lotwatch.serial_unit AS piece ON lying.serial_id = piece.serial_id -- its books name no lot beside it
        WHERE
            place.holds_stock AND lying.item_id = known.item_id
            AND CASE
                WHEN known.serial_id <> 0 THEN lying.serial_id = known.serial_id
                WHEN known.lot_id <> 0 THEN coalesce(piece.lot_id, lying.lot_id) = known.lot_id
                ELSE lying.lot_id = 0 AND lying.serial_id = 0
            END
    ) AS physical
FROM lotwatch.recall_match_current AS known
INNER JOIN lotwatch.recall_case AS opened ON known.case_id = opened.case_id
INNER JOIN lotwatch.item AS item ON known.item_id = item.item_id
LEFT JOIN lotwatch.lot AS lot ON known.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS unit ON known.serial_id = unit.serial_id
LEFT JOIN lotwatch.notice_version AS version ON known.version_id = version.version_id
LEFT JOIN lotwatch.notice AS notice ON version.notice_id = notice.notice_id
LEFT JOIN lotwatch.recall_clause AS clause ON known.version_id = clause.version_id AND known.clause_no = clause.clause_no
WHERE
    opened.kind = 'recall' AND (%(verdict)s = 'all' OR known.verdict = %(verdict)s)
    AND (%(code)s::text IS NULL OR opened.code = %(code)s)
    AND (
        %(text)s::text IS NULL
        OR strpos(
            lower(concat_ws(' ', opened.title, item.code, item.name, lot.number, unit.number, notice.number)), lower(%(text)s)
        ) > 0
    )

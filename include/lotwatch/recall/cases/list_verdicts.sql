-- The verdicts in force (of a case, of a kind, or all), with the notice and its words that decided; the gravest recalls first.
SELECT
    opened.code,
    item.code AS item_code,
    coalesce(unit.number, lot.number) AS number,
    known.verdict,
    known.reason,
    known.said,
    known.decided_by,
    notice.number AS notice_number
FROM lotwatch.recall_match_current AS known
INNER JOIN lotwatch.recall_case AS opened ON known.case_id = opened.case_id
INNER JOIN lotwatch.item AS item ON known.item_id = item.item_id
LEFT JOIN lotwatch.lot AS lot ON known.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS unit ON known.serial_id = unit.serial_id
LEFT JOIN lotwatch.notice_version AS version ON known.version_id = version.version_id
LEFT JOIN lotwatch.notice AS notice ON version.notice_id = notice.notice_id
WHERE
    opened.code = coalesce(%(code)s::text, opened.code) AND known.verdict = coalesce(%(verdict)s::text, known.verdict)
ORDER BY opened.recall_class NULLS FIRST, opened.code, known.verdict DESC, item.code, lot.number, unit.number
LIMIT %(limit)s;

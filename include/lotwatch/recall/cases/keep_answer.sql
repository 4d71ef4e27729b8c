-- What a person said of a lot or unit, of the version that decided before.
INSERT INTO lotwatch.recall_match (
    case_id, version_id, item_id, lot_id, serial_id, verdict, clause_no, reason, said, decided_by, decided_at
)
SELECT
    known.case_id,
    known.version_id,
    known.item_id,
    known.lot_id,
    known.serial_id,
    %(verdict)s,
    known.clause_no,
    %(reason)s,
    known.said,
    %(by)s,
    %(as_of)s
FROM lotwatch.recall_match_current AS known
WHERE
    known.case_id = %(case_id)s AND known.item_id = %(item_id)s AND known.lot_id = %(lot_id)s
    AND known.serial_id = %(serial_id)s
RETURNING recall_match.match_id;

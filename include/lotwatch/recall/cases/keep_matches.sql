-- Verdicts on lots and units of a case.
INSERT INTO lotwatch.recall_match (
    case_id, version_id, item_id, lot_id, serial_id, verdict, clause_no, reason, said, decided_by, decided_at
)
SELECT
    %(case_id)s,
    told.version_id,
    told.item_id,
    told.lot_id,
    told.serial_id,
    told.verdict,
    told.clause_no,
    told.reason,
    told.said,
    %(by)s,
    %(as_of)s
FROM unnest(
    %(versions)s::bigint[], %(items)s::bigint[], %(lots)s::bigint[], %(serials)s::bigint[], %(verdicts)s::text[],
    %(clauses)s::integer[], %(reasons)s::text[], %(said)s::text[]
) AS told (version_id, item_id, lot_id, serial_id, verdict, clause_no, reason, said);

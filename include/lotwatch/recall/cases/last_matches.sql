-- The last verdict on each lot and unit of a case, and the last of ours that was not a person's.
SELECT
    current_match.item_id,
    current_match.lot_id,
    current_match.serial_id,
    current_match.verdict,
    own.verdict AS own_verdict,
    own.reason AS own_reason,
    own.said AS own_said
FROM lotwatch.recall_match_current AS current_match
LEFT JOIN LATERAL (
    SELECT
        earlier.verdict,
        earlier.reason,
        earlier.said
    FROM lotwatch.recall_match AS earlier
    WHERE
        earlier.case_id = current_match.case_id AND earlier.item_id = current_match.item_id
        AND earlier.lot_id = current_match.lot_id AND earlier.serial_id = current_match.serial_id
        AND earlier.decided_by = %(ours)s
    ORDER BY earlier.match_id DESC
    LIMIT 1
) AS own ON TRUE
WHERE current_match.case_id = %(case_id)s;

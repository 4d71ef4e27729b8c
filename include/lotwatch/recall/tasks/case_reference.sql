-- Whom does this use name, of those that were located for the case? Sealed, with the source that sealed it.
SELECT
    movement.source,
    movement.case_reference
FROM lotwatch.recall_unit AS unit
INNER JOIN lotwatch.movement AS movement ON unit.movement_id = movement.movement_id
WHERE
    unit.case_id = %(case_id)s AND unit.movement_id = %(movement_id)s
    AND movement.case_reference IS NOT NULL
LIMIT 1; -- noqa: AM09

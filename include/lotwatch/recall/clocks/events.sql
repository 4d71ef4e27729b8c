-- What has happened in the case that meets a duty by itself, when, and what shows it?
SELECT
    'held' AS event,
    held_at AS met_at,
    'holds of ' || code AS evidence
FROM lotwatch.recall_case
WHERE case_id = %(case_id)s AND held_at IS NOT NULL
UNION ALL
SELECT
    'acknowledged',
    max(acknowledged_at),
    count(*) || ' answers'
FROM lotwatch.recall_response
WHERE case_id = %(case_id)s
HAVING count(*) > 0 AND bool_and(acknowledged_at IS NOT NULL)
UNION ALL
SELECT
    'acknowledged',
    max(decided_at),
    'nobody has any of it'
FROM lotwatch.recall_match_current
WHERE case_id = %(case_id)s
HAVING
    bool_and(verdict <> 'needs_review')
    AND NOT EXISTS (
        SELECT FROM lotwatch.recall_response
        WHERE case_id = %(case_id)s
    );

-- What has happened in the case that meets a duty by itself, when, and what shows it (a key that pages word, and what it is about)?
SELECT
    'held' AS event,
    held_at AS met_at,
    'held ' || code AS evidence
FROM lotwatch.recall_case
WHERE case_id = %(case_id)s AND held_at IS NOT NULL
UNION ALL
SELECT
    'acknowledged',
    max(acknowledged_at),
    'answered ' || count(*)
FROM lotwatch.recall_response
WHERE case_id = %(case_id)s
HAVING count(*) > 0 AND bool_and(acknowledged_at IS NOT NULL)
UNION ALL
SELECT
    'acknowledged',
    max(decided_at),
    'nobody_has_any'
FROM lotwatch.recall_match_current
WHERE case_id = %(case_id)s
HAVING
    bool_and(verdict <> 'needs_review')
    AND NOT EXISTS (
        SELECT FROM lotwatch.recall_response
        WHERE case_id = %(case_id)s
    );

-- In which open cases has something been found since another run asked for a response? What this run asked for it asks for again:
-- its task may have died before it could.
SELECT
    opened.code,
    max(known.match_id) AS match_id
FROM lotwatch.recall_case AS opened
INNER JOIN lotwatch.recall_match AS known ON opened.case_id = known.case_id
WHERE opened.state = 'open' AND opened.kind = 'recall'
GROUP BY opened.code
HAVING
    max(known.match_id) > coalesce((
        SELECT max((asked.after ->> 'match_id')::bigint)
        FROM lotwatch.audit_event AS asked
        WHERE
            asked.object_kind = 'recall_case' AND asked.object_id = opened.code AND asked.action = 'response asked'
            AND asked.run_id IS DISTINCT FROM %(run_id)s
    ), 0)
ORDER BY opened.code;

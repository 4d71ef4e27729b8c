-- In which open cases has something been found since a response was last asked for?
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
        WHERE asked.object_kind = 'recall_case' AND asked.object_id = opened.code AND asked.action = 'response asked'
    ), 0)
ORDER BY opened.code;

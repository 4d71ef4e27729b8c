-- Recall cases, those that are open and the latest first, with how many of their lots and units have which verdict.
SELECT
    opened.code,
    opened.state,
    opened.recall_class,
    opened.action_kind,
    opened.title,
    opened.opened_at,
    opened.held_at,
    count(known.item_id) FILTER (WHERE known.verdict = 'affected') AS affected,
    count(known.item_id) FILTER (WHERE known.verdict = 'needs_review') AS to_review
FROM lotwatch.recall_case AS opened
LEFT JOIN lotwatch.recall_match_current AS known ON opened.case_id = known.case_id
WHERE %(closed_too)s::boolean OR opened.state = 'open'
GROUP BY opened.case_id
ORDER BY opened.state DESC, opened.opened_at DESC, opened.case_id DESC
LIMIT %(limit)s;

-- Which notices have a version that was not compared with what is ours? With `reviewed` also those of open cases in which something waits
-- for a person, because what is known of a lot may have changed; with `everything` all. The gravest first.
SELECT version.notice_id
FROM lotwatch.recall_reading AS reading
INNER JOIN lotwatch.notice_version AS version ON reading.version_id = version.version_id
WHERE
    reading.matched_at IS NULL OR %(everything)s::boolean
    OR (
        %(reviewed)s::boolean AND version.notice_id = ANY(ARRAY(
            SELECT told.notice_id
            FROM lotwatch.recall_case AS opened
            INNER JOIN lotwatch.recall_case_notice AS told ON opened.case_id = told.case_id
            WHERE
                opened.state = 'open' AND EXISTS (
                    SELECT FROM lotwatch.recall_match_current AS judged
                    WHERE judged.case_id = opened.case_id AND judged.verdict = 'needs_review'
                )
        ))
    )
GROUP BY version.notice_id
ORDER BY min(version.recall_class) NULLS LAST, max(version.said_at) DESC;

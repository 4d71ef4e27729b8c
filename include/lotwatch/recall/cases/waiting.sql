-- Which notices have a version that was not compared with what is ours? Or, with `everything`, all of them. The gravest first.
SELECT version.notice_id
FROM lotwatch.recall_reading AS reading
INNER JOIN lotwatch.notice_version AS version ON reading.version_id = version.version_id
WHERE reading.matched_at IS NULL OR %(everything)s::boolean
GROUP BY version.notice_id
ORDER BY min(version.recall_class) NULLS LAST, max(version.said_at) DESC;

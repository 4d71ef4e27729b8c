-- Which notices have a version in force that was not compared with what is ours? Or, with `everything`, all of them. The
-- gravest first.
SELECT latest.notice_id
FROM lotwatch.notice_current AS latest
INNER JOIN lotwatch.recall_reading AS reading ON latest.version_id = reading.version_id
WHERE reading.matched_at IS NULL OR %(everything)s::boolean
ORDER BY latest.recall_class NULLS LAST, latest.said_at DESC;

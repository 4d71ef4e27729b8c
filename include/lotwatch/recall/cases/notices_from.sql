-- Which notices are from any of these, or from nobody knows whom?
SELECT version.notice_id
FROM lotwatch.recall_reading AS reading
INNER JOIN lotwatch.notice_version AS version ON reading.version_id = version.version_id
WHERE reading.firms && %(firms)s::text[]
UNION
SELECT version.notice_id
FROM lotwatch.recall_reading AS reading
INNER JOIN lotwatch.notice_version AS version ON reading.version_id = version.version_id
WHERE reading.firms IS NULL;

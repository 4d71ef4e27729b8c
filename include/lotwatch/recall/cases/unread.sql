-- Which versions has nobody read?
SELECT version.version_id
FROM lotwatch.notice_version AS version
WHERE
    NOT EXISTS (
        SELECT FROM lotwatch.recall_reading AS reading
        WHERE reading.version_id = version.version_id
    )
ORDER BY version.version_id DESC;

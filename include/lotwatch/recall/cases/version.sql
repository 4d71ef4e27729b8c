-- A version's text.
SELECT version.*
FROM lotwatch.notice_version AS version
WHERE version.version_id = %(version_id)s;

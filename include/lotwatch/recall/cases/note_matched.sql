-- The notice was compared with what is ours, as it says now.
UPDATE lotwatch.recall_reading AS reading SET matched_at = %(as_of)s, firms = %(firms)s::text[]
FROM lotwatch.notice_version AS version
WHERE reading.version_id = version.version_id AND version.notice_id = %(notice_id)s;

-- Is there a version that nobody has read, or that was not compared with what is ours?
SELECT EXISTS(
    SELECT FROM lotwatch.notice_version AS version
    LEFT JOIN lotwatch.recall_reading AS reading ON version.version_id = reading.version_id
    WHERE reading.matched_at IS NULL
);

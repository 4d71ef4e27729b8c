-- The version was compared with what is ours.
UPDATE lotwatch.recall_reading SET matched_at = %(as_of)s
WHERE version_id = %(version_id)s;

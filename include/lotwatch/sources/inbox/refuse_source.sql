-- Bodies of a source that cannot be read any more stay here with the reason. Which are they?
UPDATE lotwatch.inbox SET taken_at = now(), error = %(error)s
WHERE source = %(source)s AND taken_at IS NULL
RETURNING inbox_id, event_id;

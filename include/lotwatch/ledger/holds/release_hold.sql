-- Lift one hold.
UPDATE lotwatch.hold
SET released_at = %(released_at)s, released_by = %(released_by)s, release_reason = %(reason)s
WHERE hold_id = %(hold_id)s;

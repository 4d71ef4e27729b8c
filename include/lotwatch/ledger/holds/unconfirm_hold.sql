-- The second clock of a hold runs again.
UPDATE lotwatch.hold SET confirmed_at = NULL
WHERE hold_id = %(hold_id)s AND confirmed_at IS NOT NULL;

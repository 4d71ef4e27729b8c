-- The second clock of a hold: when who keeps the stock said that it holds it too.
UPDATE lotwatch.hold SET confirmed_at = %(confirmed_at)s
WHERE hold_id = %(hold_id)s AND confirmed_at IS NULL;

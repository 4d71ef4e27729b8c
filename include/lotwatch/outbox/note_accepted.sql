-- Some of the recipients have it: they are not sent it again.
UPDATE lotwatch.outbox
SET payload = jsonb_set(payload, '{accepted}', coalesce(payload -> 'accepted', '[]') || %(accepted)s)
WHERE outbox_id = %(outbox_id)s;

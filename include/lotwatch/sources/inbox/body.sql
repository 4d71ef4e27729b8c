-- One body as it was received.
SELECT body FROM lotwatch.inbox
WHERE inbox_id = %(inbox_id)s;

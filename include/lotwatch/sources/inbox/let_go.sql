-- Bodies in which nothing was to be read are in no batch.
UPDATE lotwatch.inbox SET batch_id = NULL
WHERE batch_id = %(batch_id)s;

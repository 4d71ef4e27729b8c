-- One batch, for a person to decide on.
SELECT b.source, b.state FROM lotwatch.batch AS b
WHERE b.batch_id = %(batch_id)s
FOR UPDATE;

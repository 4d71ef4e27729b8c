-- A new batch for a pull.
INSERT INTO lotwatch.batch (source, dag_id, run_id, as_of, backfilled)
VALUES (%(source)s, %(dag_id)s, %(run_id)s, %(as_of)s, %(backfilled)s)
RETURNING batch_id;

-- A new batch, for a pull or for what was pushed.
INSERT INTO lotwatch.batch (source, dag_id, run_id, as_of, backfilled, pushed)
VALUES (%(source)s, %(dag_id)s, %(run_id)s, %(as_of)s, %(backfilled)s, %(pushed)s)
RETURNING batch_id;

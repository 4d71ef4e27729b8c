-- A point of the check's trend.
INSERT INTO lotwatch.check_result (
    check_id, as_of, dag_id, run_id, backfilled, state, examined, found, fresh, quantity, value, milliseconds, error
)
VALUES (
    %(check_id)s, %(as_of)s, %(dag_id)s, %(run_id)s, %(backfilled)s, %(state)s, %(examined)s, %(found)s, %(fresh)s,
    %(quantity)s, %(value)s, %(milliseconds)s, %(error)s
);

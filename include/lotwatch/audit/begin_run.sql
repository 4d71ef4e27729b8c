-- What moment does this run look at? The one its first try stored.
WITH first AS (
    INSERT INTO lotwatch.run (dag_id, run_id, run_type, as_of)
    VALUES (%(dag_id)s, %(run_id)s, %(run_type)s, %(as_of)s)
    ON CONFLICT (dag_id, run_id) DO NOTHING
    RETURNING as_of
)

SELECT as_of FROM first
UNION ALL
SELECT run.as_of
FROM lotwatch.run AS run
WHERE run.dag_id = %(dag_id)s AND run.run_id = %(run_id)s
LIMIT 1;

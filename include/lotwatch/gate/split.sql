-- Which rules of its suite does each staged row of the batch break?
-- A template for psycopg.sql: the entity's table and columns, and what split.py derives from the suite. Checks of a row
-- alone are CASEs; checks against other rows select the keys of the failing rows, each on its own, and are joined once
-- (joined one by one, a wrong estimate nests them, and a few hundred rows took 20 s).
WITH batch AS MATERIALIZED (
    SELECT batch_id, record_no, source_key, {columns}
    FROM stage.{entity}
    WHERE batch_id = %(batch_id)s
),

failing AS (
    SELECT k.record_no, array_agg(k.rule) AS rules
    FROM (
        SELECT NULL::bigint AS record_no, NULL::text AS rule WHERE false
        {key_sets}
    ) AS k
    GROUP BY k.record_no
),

verdict AS (
    SELECT
        b.record_no,
        array_remove(ARRAY[{errors}]::text [], NULL) AS errors,
        array_remove(ARRAY[{warnings}]::text [], NULL) AS warnings
    FROM batch AS b
    LEFT JOIN failing AS f ON f.record_no = b.record_no
)

UPDATE stage.{entity} AS s
SET errors = v.errors, warnings = v.warnings
FROM verdict AS v
WHERE
    s.batch_id = %(batch_id)s AND s.record_no = v.record_no
    AND (s.errors, s.warnings) IS DISTINCT FROM (v.errors, v.warnings);

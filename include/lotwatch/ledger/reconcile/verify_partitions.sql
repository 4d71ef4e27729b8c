-- Are there movements for whose month no partition had been made? They are safe, but should not be there.
SELECT
    'default partition' AS "check",
    'movements of ' || to_char(date_trunc('month', movement.recorded_at, 'UTC'), 'YYYY-MM') AS subject,
    count(*) AS found,
    0::bigint AS expected
FROM lotwatch.movement AS movement
WHERE
    movement.tableoid = (
        SELECT relation.oid
        FROM pg_catalog.pg_class AS relation
        INNER JOIN pg_catalog.pg_namespace AS namespace ON relation.relnamespace = namespace.oid
        WHERE namespace.nspname = 'lotwatch_partition' AND relation.relname = 'movement_default'
    )
GROUP BY subject
ORDER BY subject;

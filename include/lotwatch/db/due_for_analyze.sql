-- Of which tables do the planner's statistics not yet know a tenth as much as was just loaded?
SELECT relation.relname
FROM pg_catalog.pg_class AS relation
INNER JOIN pg_catalog.pg_namespace AS namespace ON relation.relnamespace = namespace.oid
WHERE
    namespace.nspname = %(schema)s AND relation.relname = ANY(%(tables)s::text[])
    AND relation.reltuples < 10 * %(loaded)s::bigint;

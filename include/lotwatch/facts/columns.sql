-- Which columns have the fact views (all, or those named), of what type, and what do they mean?
SELECT
    view.relname AS view,
    attribute.attname AS name,
    format_type(attribute.atttypid, attribute.atttypmod) AS type,
    col_description(view.oid, attribute.attnum) AS comment
FROM pg_class AS view
INNER JOIN pg_namespace AS namespace ON view.relnamespace = namespace.oid
INNER JOIN pg_attribute AS attribute ON view.oid = attribute.attrelid
WHERE
    namespace.nspname = 'lotwatch' AND view.relkind = 'v' AND view.relname LIKE 'fact\_%%'
    AND (%(views)s::text[] IS NULL OR view.relname = ANY(%(views)s))
    AND attribute.attnum > 0 AND NOT attribute.attisdropped
ORDER BY view.relname, attribute.attnum;

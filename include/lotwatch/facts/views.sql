-- What is each fact view about?
SELECT
    view.relname,
    obj_description(view.oid)
FROM pg_class AS view
INNER JOIN pg_namespace AS namespace ON view.relnamespace = namespace.oid
WHERE namespace.nspname = 'lotwatch' AND view.relkind = 'v' AND view.relname LIKE 'fact\_%';

-- Which columns, of which types, has an entity beside those that every staged row has?
SELECT
    column_name,
    udt_name
FROM information_schema.columns
WHERE
    table_schema = 'stage' AND table_name = %(entity)s
    AND column_name NOT IN ('batch_id', 'record_no', 'source_key', 'raw', 'errors', 'warnings')
ORDER BY ordinal_position;

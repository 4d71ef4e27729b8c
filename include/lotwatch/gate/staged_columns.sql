-- Which columns has each entity beside those that every staged row has?
SELECT c.table_name, array_agg(c.column_name::text ORDER BY c.ordinal_position)
FROM information_schema.columns AS c
WHERE
    c.table_schema = 'stage'
    AND c.column_name NOT IN ('batch_id', 'record_no', 'source_key', 'raw', 'errors', 'warnings')
GROUP BY c.table_name;

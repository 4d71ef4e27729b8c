-- Which entities have a staging table?
SELECT table_name
FROM information_schema.tables
WHERE table_schema = 'stage' AND table_type = 'BASE TABLE'
ORDER BY table_name;

-- The indexes of movements that no key needs: how each is dropped and made on all partitions.
SELECT
    format('DROP INDEX lotwatch.%I', relation.relname) AS unmake,
    replace(pg_get_indexdef(known.indexrelid), ' ON ONLY ', ' ON ') AS make
FROM pg_index AS known
INNER JOIN pg_class AS relation ON known.indexrelid = relation.oid
WHERE known.indrelid = 'lotwatch.movement'::regclass AND NOT known.indisunique
ORDER BY relation.relname;

-- The indexes into which the history puts a row for many a movement: how each is dropped, and made on all partitions.
SELECT
    coalesce(
        'ALTER TABLE ' || known.indrelid::regclass || ' DROP CONSTRAINT ' || quote_ident(key.conname),
        'DROP INDEX ' || known.indexrelid::regclass
    ) AS unmake,
    coalesce(
        'ALTER TABLE ' || known.indrelid::regclass || ' ADD ' || pg_get_constraintdef(key.oid),
        replace(pg_get_indexdef(known.indexrelid), ' ON ONLY ', ' ON ')
    ) AS make
FROM pg_index AS known
LEFT JOIN pg_constraint AS key ON known.indexrelid = key.conindid AND key.contype = 'p'
WHERE
    known.indexrelid IN (
        'lotwatch.movement_item'::regclass, 'lotwatch.movement_lot'::regclass, 'lotwatch.movement_order_line'::regclass,
        'lotwatch.movement_source_pkey'::regclass
    );

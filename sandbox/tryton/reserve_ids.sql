-- Takes ids for so many rows of a table from the table's own sequence.
SELECT nextval(pg_get_serial_sequence(%(table)s, 'id')) AS id
FROM generate_series(1, %(count)s)

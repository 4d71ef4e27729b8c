-- The rows up to here are staged, in this very transaction.
INSERT INTO lotwatch.source_cursor (source, entity, cursor, batch_id)
VALUES (%(source)s, %(entity)s, %(cursor)s, %(batch_id)s)
ON CONFLICT (source, entity) DO UPDATE
    SET cursor = excluded.cursor, batch_id = excluded.batch_id;

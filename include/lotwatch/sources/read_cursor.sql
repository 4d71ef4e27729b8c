-- Where does the next pull of an entity resume?
SELECT cursor FROM lotwatch.source_cursor
WHERE source = %(source)s AND entity = %(entity)s;

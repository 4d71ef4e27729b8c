-- These records need not be remembered any longer.
DELETE FROM lotwatch.source_record
WHERE source = %(source)s AND entity = %(entity)s AND source_key = ANY(%(source_keys)s::text[]);

-- Records that were read before this moment need not be remembered any longer.
DELETE FROM lotwatch.source_record
WHERE source = %(source)s AND entity = %(entity)s AND seen_at < %(before)s;

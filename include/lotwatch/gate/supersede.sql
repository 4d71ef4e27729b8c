-- A record that was read twice in one batch counts once: the later reading, whole (pages overlap while their source changes).
DELETE FROM stage.{entity} AS earlier
USING stage.{entity} AS later
WHERE
    earlier.batch_id = %(batch_id)s AND later.batch_id = %(batch_id)s
    AND later.source_key = earlier.source_key AND later.record_no > earlier.record_no;

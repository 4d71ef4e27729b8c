-- Records in quarantine that have now passed, whether corrected at their source or here, or because what they refer to came.
UPDATE lotwatch.quarantine AS q
SET state = 'released', last_batch_id = %(batch_id)s, last_seen = now()
FROM stage.{entity} AS s
WHERE
    s.batch_id = %(batch_id)s AND s.errors = '{{}}'
    AND q.source = %(source)s AND q.entity = %(entity_name)s AND q.source_key = s.source_key AND q.state = 'open';

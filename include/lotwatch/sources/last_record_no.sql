-- The number of the last record staged of an entity in a batch; 0: none.
SELECT coalesce(max(staged.record_no), 0)
FROM stage.{entity} AS staged
WHERE staged.batch_id = %(batch_id)s;

-- How many records of an entity has the batch staged?
SELECT count(*) FROM stage.{entity} AS s
WHERE s.batch_id = %(batch_id)s;

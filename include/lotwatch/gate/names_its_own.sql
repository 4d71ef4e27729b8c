-- Does a record of the batch name another of its own entity?
SELECT true AS found
FROM stage.{entity} AS s
WHERE s.batch_id = %(batch_id)s AND s.{column} IS NOT NULL
LIMIT 1;

-- Where are these batches shown in Data Docs?
SELECT v.page FROM lotwatch.validation AS v
WHERE v.batch_id = ANY (%(batch_ids)s) AND v.page IS NOT NULL
ORDER BY v.batch_id, v.entity;

-- Which good rows of a batch are not in the ledger? None: a join that found no partner must never lose a record.
SELECT
    'movement' AS entity,
    staged.source_key
FROM stage.movement AS staged
INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
LEFT JOIN lotwatch.movement_source AS known
    ON batch.source = known.source AND staged.source_key = known.source_event_id
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND known.source IS NULL
UNION ALL
SELECT
    'purchase_line' AS entity,
    staged.source_key
FROM stage.purchase_line AS staged
INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
LEFT JOIN lotwatch.purchase_order_line AS known
    ON batch.source = known.source AND staged.source_key = known.source_key
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND known.source IS NULL
UNION ALL
SELECT
    'inspection' AS entity,
    staged.source_key
FROM stage.inspection AS staged
INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
LEFT JOIN lotwatch.inspection AS known
    ON batch.source = known.source AND staged.source_key = known.source_key
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND known.source IS NULL
ORDER BY entity, source_key;

-- Which good movements of a batch are not in the ledger? None: a join that found no partner must never lose a record.
-- What takes back a movement that was taken back already says nothing new.
SELECT staged.source_key
FROM stage.movement AS staged
INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
LEFT JOIN lotwatch.movement_source AS known
    ON batch.source = known.source AND staged.source_key = known.source_event_id
WHERE
    staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND known.source IS NULL
    AND NOT EXISTS (
        SELECT 1
        FROM lotwatch.movement_source AS original
        INNER JOIN lotwatch.movement_source AS taken_back ON original.movement_id = taken_back.reverses_id
        WHERE original.source = batch.source AND original.source_event_id = staged.reverses_key
    )
ORDER BY staged.source_key;

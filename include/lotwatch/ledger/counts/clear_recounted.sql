-- A count that is read again, and not decided, replaces itself with all its lines.
DELETE FROM lotwatch.stocktake_line AS line
USING lotwatch.stocktake AS stocktake, lotwatch.batch AS batch, stage.count AS staged
WHERE
    staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND staged.batch_id = batch.batch_id
    AND stocktake.source = batch.source AND stocktake.number = staged.number AND stocktake.state = 'proposed'
    AND line.stocktake_id = stocktake.stocktake_id;

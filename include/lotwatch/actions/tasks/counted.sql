-- Which open counts have been counted and decided since: of each, the last count that has its item at its site?
SELECT DISTINCT ON (task.task_id)
    task.task_id,
    stocktake.code,
    stocktake.state
FROM lotwatch.task AS task
INNER JOIN lotwatch.task_line AS line ON task.task_id = line.task_id
INNER JOIN lotwatch.stocktake AS stocktake
    ON task.site_id = stocktake.site_id AND stocktake.counted_at > task.opened_at AND stocktake.state <> 'proposed'
INNER JOIN lotwatch.stocktake_line AS counted
    ON
        stocktake.stocktake_id = counted.stocktake_id AND line.item_id = counted.item_id
        AND (line.lot_id = 0 OR line.lot_id = counted.lot_id)
        AND (line.serial_id = 0 OR line.serial_id = counted.serial_id)
WHERE task.state = 'open' AND task.kind = 'count'
ORDER BY task.task_id, stocktake.counted_at DESC;

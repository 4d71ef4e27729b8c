-- A line of what a warehouse is asked for.
INSERT INTO lotwatch.warehouse_task_line (warehouse_task_id, item_id, lot_id, serial_id, location_id, quantity, stop)
VALUES (%(task_id)s, %(item_id)s, %(lot_id)s, %(serial_id)s, %(location_id)s, %(quantity)s, %(stop)s);

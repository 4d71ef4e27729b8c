-- What a warehouse was told for the same order by other tasks.
CREATE INDEX warehouse_task_order ON lotwatch.warehouse_task (demand_order_key) WHERE demand_order_key IS NOT NULL;

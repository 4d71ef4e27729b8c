-- One at a time asks the warehouses: two would ask for the same stock twice. The lock ends with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('lotwatch.warehouse_requests', 0));

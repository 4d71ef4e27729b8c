-- Has any temperature ever been told? Most installations' batches need not look any further.
SELECT 1
WHERE EXISTS (SELECT 1 FROM lotwatch.temperature_reading);

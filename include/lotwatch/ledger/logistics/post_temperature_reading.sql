-- Temperatures of places, packages and deliveries, each reading once for ever.
INSERT INTO lotwatch.temperature_reading (
    source, source_key, location_id, sscc, delivery_key, celsius, measured_at, sensor, takes_back
)
SELECT DISTINCT ON (staged.source_key)
    batch.source,
    staged.source_key,
    place.location_id,
    staged.sscc,
    staged.delivery_key,
    staged.celsius,
    staged.measured_at,
    staged.sensor,
    staged.takes_back
FROM stage.temperature_reading AS staged
INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
LEFT JOIN lotwatch.location AS place ON staged.location_code = place.code
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY staged.source_key, staged.record_no
ON CONFLICT (source, source_key) DO NOTHING;

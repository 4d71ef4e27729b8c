-- A new excursion.
INSERT INTO lotwatch.excursion (
    location_id, sscc, delivery_key, sensor, allowed_min_c, allowed_max_c, started_at, ended_at, is_over, coldest_c,
    warmest_c, beyond_tolerance
)
VALUES (
    %(location_id)s, %(sscc)s, %(delivery_key)s, %(sensor)s, %(min_c)s, %(max_c)s, %(started_at)s, %(ended_at)s,
    %(is_over)s, %(coldest_c)s, %(warmest_c)s, %(beyond_tolerance)s
)
RETURNING code;

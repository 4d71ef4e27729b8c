-- Who may supply whom, how long it takes and what it costs.
INSERT INTO lotwatch.lane AS kept (
    from_site_id, to_site_id, permitted, cost, currency, transit_days_p50, transit_days_p95, departs_on,
    temperature_min_c, temperature_max_c
)
SELECT DISTINCT ON (origin.location_id, destination.location_id)
    origin.location_id AS from_site_id,
    destination.location_id AS to_site_id,
    staged.permitted,
    staged.cost,
    staged.currency,
    staged.transit_days_p50,
    staged.transit_days_p95,
    staged.departs_on,
    staged.temperature_min_c,
    staged.temperature_max_c
FROM stage.lane AS staged
INNER JOIN lotwatch.location AS origin ON staged.from_site_code = origin.code
INNER JOIN lotwatch.location AS destination ON staged.to_site_code = destination.code
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY origin.location_id, destination.location_id, staged.record_no DESC
ON CONFLICT (from_site_id, to_site_id) DO UPDATE
    SET
        permitted = excluded.permitted, cost = excluded.cost, currency = excluded.currency,
        transit_days_p50 = excluded.transit_days_p50, transit_days_p95 = excluded.transit_days_p95,
        departs_on = excluded.departs_on, temperature_min_c = excluded.temperature_min_c,
        temperature_max_c = excluded.temperature_max_c
    WHERE
    (
        kept.permitted, kept.cost, kept.currency, kept.transit_days_p50, kept.transit_days_p95, kept.departs_on,
        kept.temperature_min_c, kept.temperature_max_c
    ) IS DISTINCT FROM (
        excluded.permitted, excluded.cost, excluded.currency, excluded.transit_days_p50, excluded.transit_days_p95,
        excluded.departs_on, excluded.temperature_min_c, excluded.temperature_max_c
    );

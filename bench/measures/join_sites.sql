-- A lane between each site and the three that follow it, both ways, at a cost that is worth it for a few units.
INSERT INTO lotwatch.lane (from_site_id, to_site_id, permitted, cost, currency, transit_days_p50, transit_days_p95)
SELECT
    site.location_id AS from_site_id,
    other.location_id AS to_site_id,
    true,
    20,
    null,
    1,
    2
FROM (SELECT
    location_id,
    row_number() OVER (ORDER BY code) AS place
FROM lotwatch.location
WHERE kind = 'site') AS site
INNER JOIN (SELECT
    location_id,
    row_number() OVER (ORDER BY code) AS place
FROM lotwatch.location
WHERE kind = 'site') AS other
    ON abs(site.place - other.place) BETWEEN 1 AND 3
ON CONFLICT DO NOTHING;

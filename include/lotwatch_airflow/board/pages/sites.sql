-- Which sites are there to choose from?
SELECT
    code,
    name,
    coalesce(region, '') AS region
FROM lotwatch.location
WHERE kind = 'site' AND active
ORDER BY region, code

-- What are these locations?
SELECT
    location_id,
    code,
    name,
    kind,
    holds_stock
FROM lotwatch.location
WHERE location_id = ANY(%(places)s::bigint[]);

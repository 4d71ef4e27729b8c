-- What do all rows come to?
SELECT
    count(*) AS all_rows,
    coalesce(sum(physical), 0)::bigint AS all_physical,
    coalesce(sum(available), 0)::bigint AS all_available,
    coalesce(sum(quantity_at_risk), 0)::bigint AS all_quantity_at_risk,
    coalesce(sum(own_value), 0) AS all_own_value
FROM listed

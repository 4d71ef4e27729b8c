-- What do the lines of a count come to, and on how many did the books change since it was brought in?
SELECT
    count(*) AS all_rows,
    count(*) FILTER (WHERE variance <> 0) AS all_lines_off,
    count(*) FILTER (WHERE changed) AS all_changed,
    coalesce(sum(units_off), 0)::bigint AS all_units_off,
    coalesce(sum(counted), 0)::bigint AS all_counted,
    coalesce(sum(expected), 0)::bigint AS all_expected,
    coalesce(sum(variance), 0)::bigint AS all_variance,
    coalesce(sum(variance_value), 0) AS all_variance_value,
    count(*) FILTER (WHERE variance <> 0 AND variance_value IS NULL) AS all_without_value
FROM listed

-- An excursion as it is known by now.
UPDATE lotwatch.excursion
SET
    started_at = %(started_at)s, ended_at = %(ended_at)s, is_over = %(is_over)s, coldest_c = %(coldest_c)s,
    warmest_c = %(warmest_c)s, beyond_tolerance = %(beyond_tolerance)s, withdrawn = FALSE, recorded_at = now()
WHERE
    excursion_id = %(excursion_id)s
    AND (started_at, ended_at, is_over, coldest_c, warmest_c, beyond_tolerance, withdrawn) IS DISTINCT FROM (
        %(started_at)s::timestamptz, %(ended_at)s::timestamptz, %(is_over)s::boolean, %(coldest_c)s::numeric,
        %(warmest_c)s::numeric, %(beyond_tolerance)s::boolean, FALSE
    );

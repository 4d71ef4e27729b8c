-- The excursions that are known of what is judged and may be told anew: those not over before it is looked at.
SELECT
    excursion.excursion_id,
    excursion.code,
    judged.judged_no,
    excursion.sensor,
    excursion.allowed_min_c AS min_c,
    excursion.allowed_max_c AS max_c,
    excursion.started_at,
    excursion.ended_at,
    excursion.is_over,
    excursion.coldest_c,
    excursion.warmest_c,
    excursion.beyond_tolerance,
    excursion.withdrawn
FROM lotwatch.excursion AS excursion
INNER JOIN judged
    ON
        excursion.location_id IS NOT DISTINCT FROM judged.location_id
        AND excursion.sscc IS NOT DISTINCT FROM judged.sscc
        AND excursion.delivery_key IS NOT DISTINCT FROM judged.delivery_key
WHERE excursion.ended_at >= judged.since
ORDER BY excursion.started_at, excursion.excursion_id;

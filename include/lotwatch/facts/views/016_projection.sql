-- On which day will the mean usage no longer be met? Few item-sites have deliveries that are promised: for all others it is a
-- division.

-- A delivery counts from its day on, and a late one not at all: nobody knows when it comes. What there is until each delivery
-- comes, and after the last one.
CREATE OR REPLACE FUNCTION lotwatch.days_until_short(
    kept numeric,
    usage numeric,
    today date,
    arriving lotwatch.dated_quantity[]
) RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH supply AS (
        SELECT
            part.day,
            kept + coalesce(sum(part.quantity) OVER (
                ORDER BY part.day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), 0) AS quantity
        FROM (
            SELECT came.day, came.quantity FROM unnest(arriving) AS came
            WHERE came.day >= today
            UNION ALL
            SELECT 'infinity', 0
        ) AS part
    )
    SELECT min(least(floor(supply.quantity / usage), 36500)::integer) FROM supply
    WHERE supply.day = 'infinity' OR today + least(floor(supply.quantity / usage), 36500)::integer < supply.day
$$;

CREATE OR REPLACE FUNCTION lotwatch.days_to_arrival(today date, arriving lotwatch.dated_quantity[]) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT min(came.day) - today FROM unnest(arriving) AS came
    WHERE came.day >= today
$$;

-- On which day will the mean usage no longer be met? Few item-sites have lots that end soon or deliveries that are
-- promised: for all others it is a division, which the planner writes into the statement.

-- The first lots to end are used first, so that what is wasted by then is the most that any day leaves unused; a delivery
-- counts from its day on, and a late one not at all: nobody knows when it comes.
CREATE OR REPLACE FUNCTION lotwatch.days_until_short(
    available bigint,
    usage numeric,
    today date,
    ending lotwatch.dated_quantity[],
    arriving lotwatch.dated_quantity[]
) RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH kept AS (
        SELECT greatest(available, 0) - coalesce(max(greatest(0, by_day.quantity - usage * (by_day.day - today + 1))), 0) AS quantity
        FROM (
            SELECT lot.day, sum(lot.quantity) OVER (ORDER BY lot.day) AS quantity
            FROM unnest(ending) AS lot
        ) AS by_day
    ),
    -- what there is until each delivery comes, and after the last one
    supply AS (
        SELECT
            part.day,
            kept.quantity + coalesce(sum(part.quantity) OVER (
                ORDER BY part.day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ), 0) AS quantity
        FROM (
            SELECT came.day, came.quantity FROM unnest(arriving) AS came
            WHERE came.day >= today
            UNION ALL
            SELECT 'infinity', 0
        ) AS part
        CROSS JOIN kept
    )
    SELECT min(least(floor(supply.quantity / usage), 36500)::integer) FROM supply
    WHERE supply.day = 'infinity' OR today + least(floor(supply.quantity / usage), 36500)::integer < supply.day
$$;

CREATE OR REPLACE FUNCTION lotwatch.days_to_stockout(
    available bigint,
    usage numeric,
    today date,
    ending lotwatch.dated_quantity[],
    arriving lotwatch.dated_quantity[]
) RETURNS integer
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN usage > 0 THEN
        CASE
            WHEN ending IS NULL AND arriving IS NULL THEN least(floor(greatest(available, 0) / usage), 36500)::integer
            ELSE lotwatch.days_until_short(available, usage, today, ending, arriving)
        END
END;

CREATE OR REPLACE FUNCTION lotwatch.days_to_arrival(today date, arriving lotwatch.dated_quantity[]) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT min(came.day) - today FROM unnest(arriving) AS came
    WHERE came.day >= today
$$;

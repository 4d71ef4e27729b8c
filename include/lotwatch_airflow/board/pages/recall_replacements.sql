-- Where what is affected was kept and is used: what is left of the item there and elsewhere, and what may be used in its place?
WITH concerned AS (
    SELECT
        unit.item_id,
        unit.site_id,
        coalesce(sum(unit.quantity) FILTER (WHERE unit.whereabouts = 'stock'), 0)::bigint AS held
    FROM lotwatch.recall_unit AS unit
    WHERE unit.case_id = %(case_id)s AND unit.site_id IS NOT NULL
    GROUP BY unit.item_id, unit.site_id
),

possible AS MATERIALIZED (
    SELECT
        concerned.item_id,
        concerned.site_id,
        known.substitute_id
    FROM concerned
    INNER JOIN lotwatch.substitute_in_force AS known
        ON concerned.item_id = known.item_id AND concerned.site_id = known.site_id
),

stocked AS MATERIALIZED (
    SELECT
        fact.item_id,
        fact.site_id,
        fact.item_code,
        fact.available,
        fact.average_daily_usage,
        fact.days_of_cover,
        sum(greatest(fact.available, 0)) OVER (PARTITION BY fact.item_id) AS everywhere
    FROM lotwatch.fact_item_site AS fact
    WHERE
        fact.item_id = any(ARRAY(
            SELECT concerned.item_id FROM concerned
            UNION
            SELECT possible.substitute_id FROM possible
        ))
)

SELECT
    item.code AS item_code,
    item.name AS item_name,
    site.code AS site_code,
    site.name AS site_name,
    concerned.held,
    own.average_daily_usage,
    own.available,
    own.days_of_cover,
    own.everywhere - greatest(own.available, 0) AS elsewhere,
    (
        SELECT
            jsonb_agg(
                jsonb_build_object(
                    'code', other.code,
                    'name', other.name,
                    'here', coalesce(here.available, 0),
                    'elsewhere', coalesce(total.everywhere, 0) - greatest(coalesce(here.available, 0), 0)
                ) ORDER BY other.code
            )
        FROM possible
        INNER JOIN lotwatch.item AS other ON possible.substitute_id = other.item_id
        LEFT JOIN stocked AS here ON possible.substitute_id = here.item_id AND possible.site_id = here.site_id
        LEFT JOIN (
            SELECT
                stocked.item_id,
                min(stocked.everywhere) AS everywhere
            FROM stocked
            GROUP BY stocked.item_id
        ) AS total ON possible.substitute_id = total.item_id
        WHERE possible.item_id = concerned.item_id AND possible.site_id = concerned.site_id
    ) AS substitutes
FROM concerned
INNER JOIN stocked AS own ON concerned.item_id = own.item_id AND concerned.site_id = own.site_id
INNER JOIN lotwatch.item AS item ON concerned.item_id = item.item_id
INNER JOIN lotwatch.location AS site ON concerned.site_id = site.location_id
WHERE own.average_daily_usage > 0
ORDER BY own.days_of_cover NULLS FIRST, item.code, site.code
LIMIT 200

-- When was what is judged outside of what is allowed there, by each of its sensors? A run of readings outside ends with the
-- next one inside. `own`: it is the range that the place itself keeps.
WITH RECURSIVE under AS (
    SELECT
        judged.judged_no,
        judged.location_id
    FROM judged
    WHERE judged.location_id IS NOT NULL
    UNION ALL
    SELECT
        under.judged_no,
        place.location_id
    FROM under
    INNER JOIN lotwatch.location AS place ON under.location_id = place.parent_id
    -- not what keeps a range or is measured itself: a refrigerator is no part of the climate of its room
    WHERE
        num_nonnulls(place.temperature_min_c, place.temperature_max_c) = 0
        AND NOT EXISTS (
            SELECT 1 FROM lotwatch.temperature_reading AS own
            WHERE own.location_id = place.location_id
        )
),

above AS (
    SELECT
        judged.judged_no,
        judged.location_id,
        0 AS steps
    FROM judged
    WHERE judged.location_id IS NOT NULL
    UNION ALL
    SELECT
        above.judged_no,
        place.parent_id,
        above.steps + 1
    FROM above
    INNER JOIN lotwatch.location AS place ON above.location_id = place.location_id
    WHERE place.parent_id IS NOT NULL
),

kept_there AS (
    SELECT DISTINCT ON (above.judged_no)
        above.judged_no,
        place.temperature_min_c AS min_c,
        place.temperature_max_c AS max_c
    FROM above
    INNER JOIN lotwatch.location AS place ON above.location_id = place.location_id
    WHERE num_nonnulls(place.temperature_min_c, place.temperature_max_c) > 0
    ORDER BY above.judged_no, above.steps
),

content AS (
    SELECT
        under.judged_no,
        known.item_id
    FROM under
    INNER JOIN lotwatch.position AS known ON under.location_id = known.location_id
    UNION
    SELECT
        judged.judged_no,
        inside.item_id
    FROM judged
    CROSS JOIN LATERAL lotwatch.ever_within(judged.sscc) AS ever (sscc)
    INNER JOIN lotwatch.package_event AS inside ON ever.sscc = inside.sscc
    WHERE inside.item_id IS NOT NULL
    UNION
    SELECT
        judged.judged_no,
        line.item_id
    FROM judged
    INNER JOIN lotwatch.delivery_line AS line ON judged.sscc = line.sscc
    UNION
    SELECT
        judged.judged_no,
        line.item_id
    FROM judged
    INNER JOIN lotwatch.delivery AS delivery ON judged.delivery_key = delivery.source_key
    INNER JOIN lotwatch.delivery_line AS line ON delivery.delivery_id = line.delivery_id
),

allowed AS (
    SELECT
        kept_there.judged_no,
        kept_there.min_c,
        kept_there.max_c,
        TRUE AS own
    FROM kept_there
    UNION
    SELECT
        content.judged_no,
        item.storage_min_c,
        item.storage_max_c,
        coalesce((item.storage_min_c, item.storage_max_c) IS NOT DISTINCT FROM (kept_there.min_c, kept_there.max_c), FALSE)
    FROM content
    INNER JOIN lotwatch.item AS item ON content.item_id = item.item_id
    LEFT JOIN kept_there ON content.judged_no = kept_there.judged_no
    WHERE num_nonnulls(item.storage_min_c, item.storage_max_c) > 0
),

told AS (
    SELECT
        judged.judged_no,
        reading.*
    FROM judged
    INNER JOIN lotwatch.temperature_reading AS reading
        ON judged.location_id = reading.location_id AND reading.measured_at >= judged.since
    UNION ALL
    SELECT
        judged.judged_no,
        reading.*
    FROM judged
    INNER JOIN lotwatch.temperature_reading AS reading ON judged.sscc = reading.sscc
    UNION ALL
    SELECT
        judged.judged_no,
        reading.*
    FROM judged
    INNER JOIN lotwatch.temperature_reading AS reading ON judged.delivery_key = reading.delivery_key
),

-- a sensor's lowest and highest of one moment are one reading
reading AS (
    SELECT
        told.judged_no,
        coalesce(told.sensor, '') AS sensor,
        told.measured_at,
        min(told.celsius) AS coldest_c,
        max(told.celsius) AS warmest_c
    FROM told
    WHERE
        told.takes_back IS NULL
        AND NOT EXISTS (
            SELECT 1 FROM lotwatch.temperature_reading AS taking_back
            WHERE taking_back.source = told.source AND taking_back.takes_back = told.source_key
        )
    GROUP BY told.judged_no, coalesce(told.sensor, ''), told.measured_at
),

compared AS (
    SELECT
        reading.*,
        allowed.min_c,
        allowed.max_c,
        allowed.own,
        coalesce(reading.coldest_c < allowed.min_c, FALSE) OR coalesce(reading.warmest_c > allowed.max_c, FALSE) AS outside
    FROM reading
    INNER JOIN allowed ON reading.judged_no = allowed.judged_no
),

stepped AS (
    SELECT
        compared.*,
        lead(compared.measured_at) OVER one_sensor AS next_at,
        row_number() OVER one_sensor AS place,
        count(*) FILTER (WHERE NOT compared.outside) OVER one_sensor AS insides
    FROM compared
    WINDOW
        one_sensor AS (
            PARTITION BY compared.judged_no, compared.sensor, compared.min_c, compared.max_c, compared.own
            ORDER BY compared.measured_at
        )
)

SELECT
    stepped.judged_no,
    judged.location_id,
    judged.sscc,
    judged.delivery_key,
    judged.content_changed,
    stepped.sensor,
    stepped.min_c,
    stepped.max_c,
    stepped.own,
    min(stepped.measured_at) AS started_at,
    coalesce(nullif(max(coalesce(stepped.next_at, 'infinity')), 'infinity'), max(stepped.measured_at)) AS ended_at,
    bool_and(stepped.next_at IS NOT NULL) AS is_over,
    min(stepped.coldest_c) AS coldest_c,
    max(stepped.warmest_c) AS warmest_c,
    bool_or(stepped.place = 1 AND isfinite(judged.since)) AS began_before
FROM stepped
INNER JOIN judged ON stepped.judged_no = judged.judged_no
WHERE stepped.outside
GROUP BY
    stepped.judged_no, judged.location_id, judged.sscc, judged.delivery_key, judged.content_changed, stepped.sensor, stepped.min_c,
    stepped.max_c, stepped.own, stepped.insides
ORDER BY started_at, stepped.judged_no, stepped.sensor, stepped.min_c, stepped.max_c;

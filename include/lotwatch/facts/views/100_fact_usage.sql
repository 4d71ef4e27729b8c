-- What was used in the last seven days. Usage is what left a site's stock for patients, in transit or another site, less
-- what was taken back, as planning counts it.
CREATE VIEW lotwatch.recent_usage AS
SELECT
    part.item_id,
    part.site_id,
    sum(part.quantity)::bigint AS used,
    coalesce(sum(part.quantity) FILTER (WHERE part.consigned), 0)::bigint AS consigned_used,
    min(part.occurred_at) FILTER (WHERE part.consigned) AS consigned_since
FROM (
    SELECT
        movement.item_id,
        place.site_id,
        CASE movement.kind WHEN 'reversal' THEN -movement.quantity ELSE movement.quantity END AS quantity,
        movement.occurred_at,
        CASE movement.kind WHEN 'reversal' THEN movement.to_owner ELSE movement.from_owner END = 'consigned'
        AND destination.kind = 'patient' AS consigned
    FROM lotwatch.movement AS movement
    -- what a reversal takes back came the other way
    INNER JOIN lotwatch.location AS place
        ON CASE movement.kind WHEN 'reversal' THEN movement.to_location_id ELSE movement.from_location_id END = place.location_id
    INNER JOIN lotwatch.location AS destination
        ON
            CASE movement.kind WHEN 'reversal' THEN movement.from_location_id ELSE movement.to_location_id END
            = destination.location_id
    WHERE
        movement.occurred_at > (SELECT lotwatch.as_of() - interval '7 days')
        AND movement.occurred_at <= (SELECT lotwatch.as_of()) AND movement.recorded_at <= (SELECT lotwatch.known_at())
        AND place.site_id IS NOT NULL
        AND (destination.kind IN ('patient', 'in_transit') OR destination.site_id <> place.site_id)
) AS part
GROUP BY part.item_id, part.site_id;

-- How likely is so much by chance? Of a negative binomial (Poisson, where the variance is not above the mean) with the
-- policy's mean and variance, the probability of `used` or more is at most exp(-rate) (Chernoff's bound), whatever
-- its true size: it never makes chance look rarer than it is. The mean has one unit over its history added, so that the
-- first unit ever used is no surprise.
CREATE VIEW lotwatch.fact_usage AS
SELECT
    item.code || '@' || site.code AS subject_key,
    recent.item_id,
    recent.site_id,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    recent.used,
    round(7 * policy.average_daily_usage, 1) AS expected,
    likely.chance,
    recent.consigned_used,
    round(extract(EPOCH FROM lotwatch.as_of() - recent.consigned_since) / 3600, 1) AS hours_since_consigned_use,
    CASE
        WHEN recent.consigned_used > 0
            THEN coalesce((
                SELECT sum(line.quantity)
                FROM lotwatch.purchase_order_line AS line
                WHERE
                    line.item_id = recent.item_id AND line.site_id = recent.site_id AND line.state <> 'cancelled'
                    AND line.ordered_on >= (recent.consigned_since AT TIME ZONE site.time_zone)::date
            ), 0)
        ELSE 0
    END::bigint AS ordered_since,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine
FROM lotwatch.recent_usage AS recent
INNER JOIN lotwatch.item AS item ON recent.item_id = item.item_id
INNER JOIN lotwatch.location AS site ON recent.site_id = site.location_id
LEFT JOIN
    LATERAL (
        SELECT
            known.average_daily_usage,
            known.inputs
        FROM lotwatch.policy AS known
        WHERE
            known.item_id = recent.item_id AND known.site_id = recent.site_id
            AND known.valid_from <= (SELECT lotwatch.as_of()) AND known.recorded_at <= (SELECT lotwatch.known_at())
        ORDER BY known.valid_from DESC, known.recorded_at DESC
        LIMIT 1
    ) AS policy
    ON TRUE
CROSS JOIN
    LATERAL (
        SELECT
            moments.mean,
            moments.variance,
            moments.mean * moments.mean / nullif(moments.variance - moments.mean, 0) AS size
        FROM (
            SELECT
                7.0::float8 * (
                    policy.average_daily_usage + 1 / coalesce((policy.inputs ->> 'history_days')::numeric, 365)
                )::float8 AS mean,
                7.0::float8 * coalesce((policy.inputs ->> 'usage_variance')::float8, 0) AS variance
            FROM (SELECT 1) AS once
            OFFSET 0 -- noqa: AM09
        ) AS moments
    ) AS expected
-- fenced in: worked out once, however many rules read it
CROSS JOIN
    LATERAL (
        SELECT
            CASE
                WHEN recent.used > expected.mean
                    THEN round(exp(greatest(-50, -(
                        recent.used * ln(recent.used / expected.mean)
                        - CASE
                            WHEN expected.variance > expected.mean
                                THEN
                                    (recent.used + expected.size)
                                    * ln((recent.used + expected.size) / (expected.mean + expected.size))
                            ELSE recent.used - expected.mean
                        END
                    )))::numeric, 9)
                WHEN expected.mean IS NOT NULL THEN 1
            END AS chance
        FROM (SELECT 1) AS once
        OFFSET 0 -- noqa: AM09
    ) AS likely
WHERE recent.used > 0;

COMMENT ON VIEW lotwatch.fact_usage IS 'One row for each item at each site that used it in the last seven days.';
COMMENT ON COLUMN lotwatch.fact_usage.subject_key IS 'what an alert is about: item code @ site code';
COMMENT ON COLUMN lotwatch.fact_usage.item_id IS 'our number of the item';
COMMENT ON COLUMN lotwatch.fact_usage.site_id IS 'our number of the site';
COMMENT ON COLUMN lotwatch.fact_usage.item_code IS 'code of the item';
COMMENT ON COLUMN lotwatch.fact_usage.item_name IS 'name of the item';
COMMENT ON COLUMN lotwatch.fact_usage.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_usage.criticality IS 'life_supporting, critical or standard';
COMMENT ON COLUMN lotwatch.fact_usage.site_code IS 'code of the site';
COMMENT ON COLUMN lotwatch.fact_usage.site_name IS 'name of the site';
COMMENT ON COLUMN lotwatch.fact_usage.region IS 'region of the site; null: not told';
COMMENT ON COLUMN lotwatch.fact_usage.used IS 'used in the last seven days, less what was taken back (base units)';
COMMENT ON COLUMN lotwatch.fact_usage.expected IS 'seven days of the policy''s mean usage (base units); null: no policy yet';
COMMENT ON COLUMN lotwatch.fact_usage.chance IS 'how likely so much or more is if usage is as it was: an upper bound (0 to 1); null: no policy yet';
COMMENT ON COLUMN lotwatch.fact_usage.consigned_used IS 'of used: on patients, from consigned stock (base units)';
COMMENT ON COLUMN lotwatch.fact_usage.hours_since_consigned_use IS 'hours since the first of that; null: none was';
COMMENT ON COLUMN lotwatch.fact_usage.ordered_since IS 'ordered at suppliers since that day (base units)';
COMMENT ON COLUMN lotwatch.fact_usage.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

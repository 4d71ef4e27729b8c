-- What are the right levels for each item and site as of a moment? Appends the policies that changed, and notes since when
-- what does not move has not moved.
-- Usage is what left a site's stock for patients, in transit or another site; what was scrapped is no demand, and what
-- was taken back never happened.
WITH boundary AS (
    SELECT
        %(as_of)s::timestamptz AS as_of,
        %(as_of)s::timestamptz - make_interval(days => %(history_days)s) AS since
),

-- what each site used on each day on which it saw the item: one pass over the movements
daily AS (
    SELECT
        side.item_id,
        side.site_id,
        date_bin('1 day', side.occurred_at, timestamptz '2000-01-01 00:00:00+00') AS day,
        min(side.occurred_at) AS first_seen,
        coalesce(sum(side.used), 0)::bigint AS used
    FROM (
        SELECT
            movement.item_id,
            origin.site_id,
            movement.occurred_at,
            CASE
                WHEN
                    movement.occurred_at > boundary.since AND movement.kind <> 'reversal'
                    AND (destination.kind IN ('patient', 'in_transit') OR destination.site_id <> origin.site_id)
                    THEN movement.quantity
            END AS used
        FROM lotwatch.movement AS movement
        CROSS JOIN boundary
        INNER JOIN lotwatch.location AS origin ON movement.from_location_id = origin.location_id
        INNER JOIN lotwatch.location AS destination ON movement.to_location_id = destination.location_id
        WHERE movement.occurred_at <= boundary.as_of AND origin.site_id IS NOT NULL
        UNION ALL
        SELECT
            movement.item_id,
            destination.site_id,
            movement.occurred_at,
            CASE
                WHEN
                    movement.occurred_at > boundary.since AND movement.kind = 'reversal'
                    AND (origin.kind IN ('patient', 'in_transit') OR origin.site_id <> destination.site_id)
                    THEN -movement.quantity
            END
        FROM lotwatch.movement AS movement
        CROSS JOIN boundary
        INNER JOIN lotwatch.location AS origin ON movement.from_location_id = origin.location_id
        INNER JOIN lotwatch.location AS destination ON movement.to_location_id = destination.location_id
        WHERE movement.occurred_at <= boundary.as_of AND destination.site_id IS NOT NULL
    ) AS side
    -- whole days of UTC, by arithmetic: date_trunc looks the time zone up for each row
    GROUP BY side.item_id, side.site_id, day
),

seen AS (
    SELECT
        daily.item_id,
        daily.site_id,
        min(daily.first_seen) AS first_seen,
        max(daily.day) FILTER (WHERE daily.used > 0) AS last_used,
        sum(daily.used) AS total,
        sum(daily.used * daily.used) AS squares
    FROM daily
    GROUP BY daily.item_id, daily.site_id
),

-- mean and variance over all days, those without usage too
usage AS MATERIALIZED (
    SELECT
        seen.item_id,
        seen.site_id,
        history.days,
        seen.total / history.days AS mean,
        greatest(
            0, (seen.squares - seen.total * seen.total / history.days) / greatest(history.days - 1, 1)
        ) AS variance
    FROM seen
    CROSS JOIN boundary
    CROSS JOIN
        LATERAL (
            SELECT
                greatest(
                    1, least(%(history_days)s, ceil(extract(EPOCH FROM boundary.as_of - seen.first_seen) / 86400))
                )::numeric AS days
        ) AS history
),

-- from ordering to the first receipt of each order line
line_lead_time AS (
    SELECT
        line.item_id,
        line.supplier_id,
        extract(EPOCH FROM min(movement.occurred_at) - line.ordered_on::timestamptz) / 86400 AS days
    FROM lotwatch.purchase_order_line AS line
    CROSS JOIN boundary
    INNER JOIN lotwatch.movement AS movement
        ON line.source_key = movement.order_line_key AND movement.occurred_at <= boundary.as_of
    WHERE line.ordered_on IS NOT NULL
    GROUP BY line.source, line.source_key
),

-- an item's own deliveries where there are enough to speak, else its supplier's
item_lead_time AS (
    SELECT
        item_id,
        supplier_id,
        avg(days) AS mean,
        var_samp(days) AS variance
    FROM line_lead_time
    GROUP BY item_id, supplier_id
    HAVING count(*) >= 5
),

supplier_lead_time AS (
    SELECT
        supplier_id,
        avg(days) AS mean,
        var_samp(days) AS variance
    FROM line_lead_time
    GROUP BY supplier_id
    HAVING count(*) >= 5
),

-- one supplier for each item: the cheapest that may deliver
agreement AS (
    SELECT DISTINCT ON (agreement.item_id) agreement.*
    FROM lotwatch.supplier_agreement AS agreement
    INNER JOIN lotwatch.supplier AS supplier ON agreement.supplier_id = supplier.supplier_id
    WHERE agreement.active AND supplier.active AND NOT supplier.blocked
    ORDER BY agreement.item_id, agreement.price, agreement.supplier_id
),

subject AS (
    SELECT
        usage.item_id,
        usage.site_id,
        usage.days AS history_days,
        usage.mean AS usage_mean,
        usage.variance AS usage_variance,
        item.criticality,
        site.supplied_by,
        coalesce(agreement.minimum_order_quantity, 1) AS minimum_order_quantity,
        coalesce(agreement.order_multiple, 1) AS order_multiple,
        CASE
            WHEN site.supplied_by = 'transfer' THEN %(transfer_lead_time_days)s
            ELSE coalesce(item_lead_time.mean, supplier_lead_time.mean, agreement.lead_time_days)
        END::numeric AS lead_time_mean,
        CASE
            WHEN site.supplied_by = 'transfer' THEN 0
            ELSE coalesce(item_lead_time.variance, supplier_lead_time.variance, 0)
        END::numeric AS lead_time_variance
    FROM usage
    INNER JOIN lotwatch.item AS item ON usage.item_id = item.item_id AND item.active
    INNER JOIN lotwatch.location AS site ON usage.site_id = site.location_id AND site.supplied_by IS NOT NULL
    LEFT JOIN agreement ON usage.item_id = agreement.item_id
    LEFT JOIN item_lead_time
        ON agreement.item_id = item_lead_time.item_id AND agreement.supplier_id = item_lead_time.supplier_id
    LEFT JOIN supplier_lead_time ON agreement.supplier_id = supplier_lead_time.supplier_id
),

-- without a supplier there is no lead time and no level to be right
level AS MATERIALIZED (
    SELECT
        subject.*,
        protection.demand,
        ceil((%(z)s::jsonb ->> subject.criticality)::numeric * sqrt(protection.variance)) AS safety_stock,
        greatest(
            subject.minimum_order_quantity,
            ceil(subject.usage_mean * %(order_cycle_days)s / subject.order_multiple) * subject.order_multiple
        ) AS order_quantity
    FROM subject
    CROSS JOIN
        LATERAL (
            SELECT
                subject.usage_mean * (subject.lead_time_mean + %(review_days)s) AS demand,
                subject.usage_variance * (subject.lead_time_mean + %(review_days)s)
                + subject.usage_mean * subject.usage_mean * subject.lead_time_variance AS variance
        ) AS protection
    WHERE subject.lead_time_mean IS NOT NULL
),

policy AS (
    SELECT
        level.item_id,
        level.site_id,
        level.usage_mean AS average_daily_usage,
        level.lead_time_mean AS lead_time_days,
        level.safety_stock::bigint AS safety_stock,
        (ceil(level.demand) + level.safety_stock)::bigint AS reorder_point,
        (ceil(level.demand) + level.safety_stock + level.order_quantity)::bigint AS target_level,
        -- an order up to the target is rounded up to a multiple: that much above it is still right
        (
            ceil(level.demand) + level.safety_stock + level.order_quantity
            + greatest(level.order_multiple, level.minimum_order_quantity)
        )::bigint AS max_level,
        jsonb_build_object(
            'history_days', level.history_days,
            'usage_variance', round(level.usage_variance, 6),
            'lead_time_variance', round(level.lead_time_variance, 4),
            'review_days', %(review_days)s::integer,
            'cycle_service_level', %(service_level)s::jsonb -> level.criticality,
            'order_quantity', level.order_quantity
        ) AS inputs
    FROM level
),

latest AS (
    SELECT DISTINCT ON (policy.item_id, policy.site_id) policy.*
    FROM lotwatch.policy AS policy
    CROSS JOIN boundary
    WHERE policy.valid_from <= boundary.as_of
    ORDER BY policy.item_id, policy.site_id, policy.valid_from DESC, policy.recorded_at DESC
),

changed AS (
    INSERT INTO lotwatch.policy (
        item_id, site_id, valid_from, average_daily_usage, lead_time_days, safety_stock, reorder_point,
        target_level, max_level, method, inputs, reason, set_by
    )
    SELECT
        policy.item_id,
        policy.site_id,
        boundary.as_of,
        policy.average_daily_usage,
        policy.lead_time_days,
        policy.safety_stock,
        policy.reorder_point,
        policy.target_level,
        policy.max_level,
        'normal',
        policy.inputs,
        CASE WHEN latest.item_id IS NULL THEN 'first plan' ELSE 'usage or lead time changed' END,
        %(set_by)s
    FROM policy
    CROSS JOIN boundary
    LEFT JOIN latest ON policy.item_id = latest.item_id AND policy.site_id = latest.site_id
    WHERE
        (policy.safety_stock, policy.reorder_point, policy.target_level, policy.max_level)
        IS DISTINCT FROM (latest.safety_stock, latest.reorder_point, latest.target_level, latest.max_level)
    ON CONFLICT (item_id, site_id, valid_from, recorded_at) DO NOTHING
    RETURNING item_id
),

-- what is known of an item-site only grows: a run for a past day takes nothing back
noted AS (
    INSERT INTO lotwatch.item_site_usage AS known (item_id, site_id, first_seen_on, last_used_on)
    SELECT
        seen.item_id,
        seen.site_id,
        (seen.first_seen AT TIME ZONE 'UTC')::date,
        (seen.last_used AT TIME ZONE 'UTC')::date
    FROM seen
    ON CONFLICT (item_id, site_id) DO UPDATE SET
        first_seen_on = least(known.first_seen_on, excluded.first_seen_on),
        last_used_on = greatest(known.last_used_on, excluded.last_used_on)
    WHERE
    excluded.first_seen_on < known.first_seen_on
    OR excluded.last_used_on > coalesce(known.last_used_on, '-infinity')
)

SELECT
    (SELECT count(*) FROM policy) AS planned,
    (SELECT count(*) FROM changed) AS changed;

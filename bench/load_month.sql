-- The movements that were recorded in one month, in the order in which they were: most 20 minutes after they happened,
-- one in fifty nine days later.
WITH told AS MATERIALIZED (
    SELECT
        nextval('lotwatch.movement_id') AS movement_id,
        known.number || '-' || event.number AS source_event_id,
        known.item_id,
        known.lot_ids[event.lot] AS lot_id,
        CASE WHEN event.used THEN here.location_id ELSE outside.location_id END AS from_location_id,
        CASE WHEN event.used THEN outside.location_id ELSE here.location_id END AS to_location_id,
        CASE WHEN event.used THEN known.usage ELSE known.usage * (event.uses + known.stays[event.lot]) END AS quantity,
        event.used,
        CASE WHEN event.used THEN here.status ELSE outside.status END AS from_status,
        CASE WHEN event.used THEN outside.status ELSE here.status END AS to_status,
        CASE WHEN known.bought AND NOT event.used THEN known.number || '-' || event.lot END AS order_line_key,
        happened.occurred_at,
        learned.recorded_at
    FROM bench.item_site AS known
    CROSS JOIN bench.event AS event
    CROSS JOIN
        LATERAL (
            SELECT
                %(as_of)s::timestamptz
                - make_interval(days => event.days_ago - mod(known.number, 19), mins => mod(known.number, 601)) AS occurred_at
        ) AS happened
    CROSS JOIN
        LATERAL (
            SELECT
                happened.occurred_at + CASE
                    WHEN mod(known.number * 31 + event.number, 50) = 0 THEN interval '9 days'
                    ELSE interval '20 minutes'
                END AS recorded_at
        ) AS learned
    INNER JOIN lotwatch.location AS here
        ON here.code = known.site_code || CASE WHEN event.lot = 3 AND mod(known.number, 10) = 3 THEN '/QC' ELSE event.bin END
    INNER JOIN lotwatch.location AS outside ON outside.code = CASE WHEN event.used THEN 'PATIENT' ELSE 'VENDOR' END
    WHERE
        -- the events that can fall into the month, then those that do
        %(as_of)s::timestamptz - make_interval(days => event.days_ago + 1) < %(past)s::timestamptz
        AND %(as_of)s::timestamptz - make_interval(days => event.days_ago - 28) >= %(first)s::timestamptz
        AND learned.recorded_at >= %(first)s::timestamptz AND learned.recorded_at < %(past)s::timestamptz
),

known AS (
    INSERT INTO lotwatch.movement_source (source, source_event_id, movement_id, recorded_at)
    SELECT
        %(source)s,
        told.source_event_id,
        told.movement_id,
        told.recorded_at
    FROM told
    ORDER BY told.source_event_id
)

INSERT INTO lotwatch.movement (
    movement_id, recorded_at, occurred_at, item_id, lot_id, from_location_id, to_location_id, quantity, batch_id,
    from_counted, to_counted, from_owner, to_owner, from_status, to_status, kind, source, source_event_id, order_line_key
)
SELECT
    told.movement_id,
    told.recorded_at,
    told.occurred_at,
    told.item_id,
    told.lot_id,
    told.from_location_id,
    told.to_location_id,
    told.quantity,
    %(batch_id)s,
    told.used,
    NOT told.used,
    'own',
    'own',
    told.from_status,
    told.to_status,
    'movement',
    %(source)s,
    told.source_event_id,
    told.order_line_key
FROM told
ORDER BY told.recorded_at, told.movement_id;

-- The movements that were recorded in one month, in the order in which they were: most 20 minutes after they happened,
-- one in fifty nine days later.
INSERT INTO lotwatch.movement (
    movement_id, recorded_at, occurred_at, item_id, lot_id, from_location_id, to_location_id, quantity, from_counted, to_counted,
    from_status, to_status, source_event_id, order_line_key, batch_id, source, from_owner, to_owner, kind
)
SELECT
    nextval('lotwatch.movement_id'),
    told.*,
    %(batch_id)s,
    %(source)s,
    'own',
    'own',
    'movement'
FROM (
    SELECT
        learned.recorded_at,
        happened.occurred_at,
        known.item_id,
        known.lot_ids[event.lot] AS lot_id,
        CASE WHEN event.used THEN here.location_id ELSE outside.location_id END AS from_location_id,
        CASE WHEN event.used THEN outside.location_id ELSE here.location_id END AS to_location_id,
        CASE WHEN event.used THEN known.usage ELSE known.usage * (event.uses + known.stays[event.lot]) END AS quantity,
        event.used AS from_counted,
        NOT event.used AS to_counted,
        CASE WHEN event.used THEN here.status ELSE outside.status END AS from_status,
        CASE WHEN event.used THEN outside.status ELSE here.status END AS to_status,
        known.number || '-' || event.number AS source_event_id,
        CASE WHEN known.bought AND NOT event.used THEN known.number || '-' || event.lot END AS order_line_key
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
    ORDER BY learned.recorded_at ASC, known.number ASC, event.number ASC
) AS told;

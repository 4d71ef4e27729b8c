-- What left a place without a lot or serial number, for use or for another place, while one of these was there?
-- One is there from an event after which the books have some of it, to the next; where they have less than nothing,
-- nobody knows, so it may be there. An arrival that a later count had seen already is one all the same.
WITH unit AS (
    SELECT
        serial_id,
        lot_id
    FROM unnest(%(units)s::bigint[], %(units_lots)s::bigint[]) AS given (serial_id, lot_id)
),

suspect AS (
    SELECT
        item_id,
        location_id,
        around_id
    FROM unnest(
        %(suspect_items)s::bigint[], %(suspect_places)s::bigint[], %(suspect_arounds)s::bigint[]
    ) AS given (item_id, location_id, around_id)
),

moved AS (
    SELECT
        subject.lot_id AS subject_lot_id,
        subject.serial_id AS subject_serial_id,
        movement.item_id,
        movement.from_location_id,
        movement.to_location_id,
        movement.from_counted,
        movement.to_counted,
        movement.quantity,
        movement.occurred_at
    FROM lotwatch.movement AS movement
    CROSS JOIN
        LATERAL (
            SELECT
                movement.lot_id,
                0::bigint AS serial_id
            WHERE movement.lot_id = ANY(%(lots)s::bigint[])
            UNION ALL
            SELECT
                unit.lot_id,
                CASE WHEN unit.lot_id = 0 THEN unit.serial_id ELSE 0 END
            FROM unit
            WHERE unit.serial_id = movement.serial_id AND (unit.lot_id = 0 OR movement.lot_id = 0)
        ) AS subject
    WHERE
        (movement.lot_id = ANY(%(lots)s::bigint[]) AND movement.lot_id <> 0)
        OR (movement.serial_id = ANY(%(units)s::bigint[]) AND movement.serial_id <> 0)
),

side AS (
    SELECT
        subject_lot_id,
        subject_serial_id,
        item_id,
        to_location_id AS location_id,
        occurred_at,
        CASE WHEN to_counted THEN quantity ELSE 0 END AS change,
        NOT to_counted AS unseen
    FROM moved
    UNION ALL
    SELECT
        subject_lot_id,
        subject_serial_id,
        item_id,
        from_location_id,
        occurred_at,
        CASE WHEN from_counted THEN -quantity ELSE 0 END,
        false
    FROM moved
),

stretch AS (
    SELECT
        subject_lot_id,
        subject_serial_id,
        item_id,
        location_id,
        occurred_at AS since,
        lead(occurred_at, 1, 'infinity') OVER by_time AS until,
        sum(change) OVER by_time AS quantity,
        unseen
    FROM side
    WHERE (item_id, location_id) IN (SELECT
        suspect.item_id,
        suspect.location_id
    FROM suspect)
    WINDOW by_time AS (PARTITION BY subject_lot_id, subject_serial_id, item_id, location_id ORDER BY occurred_at)
),

missing AS (
    SELECT DISTINCT
        suspect.location_id AS near_id,
        movement.movement_id,
        movement.item_id,
        movement.lot_id,
        movement.from_location_id,
        movement.to_location_id,
        movement.quantity,
        movement.occurred_at,
        movement.document,
        movement.case_reference
    FROM suspect
    INNER JOIN lotwatch.movement_flag AS flag
        ON suspect.item_id = flag.item_id AND suspect.around_id = flag.location_id
    INNER JOIN lotwatch.movement AS movement
        ON flag.movement_id = movement.movement_id AND flag.recorded_at = movement.recorded_at
    INNER JOIN lotwatch.location AS destination ON movement.to_location_id = destination.location_id
    WHERE
        flag.flag IN ('lot_missing', 'serial_missing') AND movement.serial_id = 0
        AND (destination.kind = 'patient' OR destination.holds_stock)
        AND movement.from_location_id = suspect.around_id
        AND movement.occurred_at <= %(until)s::timestamptz
        AND movement.reverses_id IS null
        AND NOT EXISTS (
            SELECT 1 FROM lotwatch.movement_source AS reversal
            WHERE reversal.reverses_id = movement.movement_id
        )
)

SELECT
    subject.lot_id,
    subject.serial_id,
    missing.near_id AS location_id,
    missing.from_location_id,
    missing.to_location_id,
    sum(missing.quantity)::bigint AS quantity,
    count(*) AS movements,
    min(missing.occurred_at) AS first_at,
    max(missing.occurred_at) AS last_at,
    coalesce(array_agg(DISTINCT missing.document) FILTER (WHERE missing.document IS NOT null), '{}') AS documents,
    count(missing.case_reference) AS with_case_reference
FROM
    unnest(
        %(subject_lots)s::bigint[], %(subject_serials)s::bigint[], %(subject_items)s::bigint[],
        %(own_lots)s::bigint[]
    ) AS subject (lot_id, serial_id, item_id, own_lot_id)
INNER JOIN missing
    ON
        subject.item_id = missing.item_id
        AND (missing.lot_id = 0 OR (subject.serial_id <> 0 AND missing.lot_id = subject.own_lot_id))
WHERE
    EXISTS (
        SELECT 1
        FROM stretch
        WHERE
            stretch.subject_lot_id = subject.lot_id AND stretch.subject_serial_id = subject.serial_id
            AND stretch.item_id = missing.item_id AND stretch.location_id = missing.near_id
            AND missing.occurred_at BETWEEN stretch.since AND stretch.until
            AND (stretch.quantity <> 0 OR stretch.unseen)
    )
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 2, 8, 3, 4, 5;

-- Where did these lots and serial units go? Movements alike together; what was taken back, and what took it back, one
-- by one. `units` are serial units that are followed on their own (lot 0), or that belong to one of the lots, which was
-- not known yet when they moved. `shipped_documents` are deliveries out of the house.
WITH unit AS (
    SELECT
        serial_id,
        lot_id
    FROM unnest(%(units)s::bigint[], %(units_lots)s::bigint[]) AS given (serial_id, lot_id)
),

-- one look at the partitions for both: planning them takes longer than reading them
moved AS MATERIALIZED (
    SELECT
        subject.lot_id AS subject_lot_id,
        subject.serial_id AS subject_serial_id,
        movement.*
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
        (
            (movement.lot_id = ANY(%(lots)s::bigint[]) AND movement.lot_id <> 0)
            OR (movement.serial_id = ANY(%(units)s::bigint[]) AND movement.serial_id <> 0)
        )
        AND movement.occurred_at <= %(until)s::timestamptz
)

SELECT
    moved.subject_lot_id AS lot_id,
    moved.subject_serial_id AS serial_id,
    moved.item_id,
    moved.from_location_id,
    moved.to_location_id,
    moved.from_owner,
    moved.to_owner,
    moved.from_status,
    moved.to_status,
    serial_unit.number AS serial_number,
    moved.kind,
    coalesce(moved.document = ANY(%(shipped_documents)s::text[]), FALSE) AS shipped,
    moved.order_line_key,
    CASE WHEN moved.transformation_key IS NOT NULL THEN moved.source END AS source,
    moved.transformation_key,
    CASE WHEN moved.reverses_id IS NOT NULL OR reversal.movement_id IS NOT NULL THEN moved.movement_id END AS movement_id,
    moved.reverses_id,
    odd.flags,
    sum(moved.quantity)::bigint AS quantity,
    count(*) AS movements,
    min(moved.occurred_at) AS first_at,
    max(moved.occurred_at) AS last_at,
    coalesce(array_agg(DISTINCT moved.document) FILTER (WHERE moved.document IS NOT NULL), '{}') AS documents,
    count(moved.case_reference) AS with_case_reference,
    coalesce(sum(moved.quantity) FILTER (WHERE moved.from_counted), 0)::bigint AS from_counted,
    coalesce(sum(moved.quantity) FILTER (WHERE moved.to_counted), 0)::bigint AS to_counted
FROM moved
LEFT JOIN moved AS reversal
    ON
        moved.movement_id = reversal.reverses_id
        AND moved.subject_lot_id = reversal.subject_lot_id AND moved.subject_serial_id = reversal.subject_serial_id
LEFT JOIN lotwatch.serial_unit AS serial_unit ON moved.serial_id = serial_unit.serial_id AND moved.serial_id <> 0
CROSS JOIN
    LATERAL (
        SELECT array_agg(flag.flag ORDER BY flag.flag) AS flags
        FROM lotwatch.movement_flag AS flag
        WHERE flag.movement_id = moved.movement_id
    ) AS odd
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18;

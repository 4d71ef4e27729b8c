-- The whole stock at a moment: the snapshot before it, and what that one had not seen. Only what was recorded in
-- transactions below the oldest one still running: whoever commits later is added by whoever reads.
WITH base AS (
    SELECT
        snapshot_id,
        as_of,
        watermark
    FROM lotwatch.snapshot
    WHERE as_of < %(as_of)s::timestamptz
    ORDER BY as_of DESC
    LIMIT 1
),

header AS (
    INSERT INTO lotwatch.snapshot (as_of, taken_at, watermark)
    VALUES (%(as_of)s::timestamptz, clock_timestamp(), pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
    ON CONFLICT (as_of) DO NOTHING
    RETURNING snapshot_id, watermark
),

part AS (
    SELECT
        known.item_id,
        known.location_id,
        known.lot_id,
        known.serial_id,
        known.owner,
        known.status,
        known.quantity
    FROM lotwatch.snapshot_position AS known
    WHERE known.snapshot_id = (SELECT base.snapshot_id FROM base)
    UNION ALL
    SELECT
        side.item_id,
        side.location_id,
        side.lot_id,
        side.serial_id,
        side.owner,
        side.status,
        side.quantity
    FROM lotwatch.movement_side AS side
    WHERE
        side.occurred_at <= %(as_of)s::timestamptz
        AND side.recorded_xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        AND (
            side.occurred_at > coalesce((SELECT base.as_of FROM base), '-infinity')
            OR side.recorded_xid >= coalesce((SELECT base.watermark FROM base), 0)
        )
)

INSERT INTO lotwatch.snapshot_position (
    snapshot_id, item_id, location_id, lot_id, serial_id, owner, status, quantity
)
SELECT
    header.snapshot_id,
    part.item_id,
    part.location_id,
    part.lot_id,
    part.serial_id,
    part.owner,
    part.status,
    sum(part.quantity)
FROM header
CROSS JOIN part
GROUP BY
    header.snapshot_id, part.item_id, part.location_id, part.lot_id, part.serial_id, part.owner, part.status
HAVING sum(part.quantity) <> 0
ORDER BY part.item_id, part.location_id, part.lot_id, part.serial_id, part.owner, part.status;

-- A failed inspection holds its lot, wherever it is and whatever arrives later. The quality system, which
-- said so, also lifts it: when the same inspection is passed after all.
WITH said AS (
    SELECT DISTINCT inspection.*
    FROM stage.inspection AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    INNER JOIN lotwatch.inspection AS inspection
        ON batch.source = inspection.source AND staged.source_key = inspection.source_key
    WHERE staged.batch_id = %(batch_id)s AND inspection.lot_id IS NOT NULL
),

lifted AS (
    UPDATE lotwatch.hold AS hold
    SET released_at = coalesce(said.closed_at, now()), released_by = said.source, release_reason = 'inspection passed'
    FROM said
    WHERE
        hold.cause = 'quality' AND hold.lot_id = said.lot_id AND hold.reference = said.number
        AND hold.released_at IS NULL AND said.state = 'passed'
)

INSERT INTO lotwatch.hold (cause, authority, item_id, lot_id, reference, reason, placed_at, placed_by)
SELECT
    'quality',
    'quality',
    said.item_id,
    said.lot_id,
    said.number,
    'inspection failed',
    coalesce(said.closed_at, said.opened_at),
    said.source
FROM said
WHERE
    said.state = 'failed'
    -- read again, it says nothing new: a person may have released the hold since
    AND NOT EXISTS (
        SELECT 1 FROM lotwatch.hold AS earlier
        WHERE
            earlier.cause = 'quality' AND earlier.lot_id = said.lot_id AND earlier.reference = said.number
            AND earlier.placed_at = coalesce(said.closed_at, said.opened_at)
    )
ON CONFLICT (cause, item_id, lot_id, serial_id, location_id, reference) WHERE released_at IS NULL DO NOTHING;

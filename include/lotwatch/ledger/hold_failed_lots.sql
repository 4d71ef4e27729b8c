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
    SET released_at = coalesce(said.closed_at, now())
    FROM said
    WHERE
        hold.cause = 'quality' AND hold.lot_id = said.lot_id AND hold.reference = said.number
        AND hold.released_at IS NULL AND said.state = 'passed'
)

INSERT INTO lotwatch.hold (cause, authority, item_id, lot_id, reference, placed_at)
SELECT
    'quality',
    'quality',
    said.item_id,
    said.lot_id,
    said.number,
    coalesce(said.closed_at, said.opened_at)
FROM said
WHERE said.state = 'failed'
ON CONFLICT (cause, item_id, lot_id, reference) DO UPDATE SET released_at = NULL;

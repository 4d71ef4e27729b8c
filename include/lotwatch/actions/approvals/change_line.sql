-- An approver changes how much of a line is wanted; null: nothing of it, which is said beside what guards refuse.
WITH changed AS (
    UPDATE lotwatch.proposal_line SET
        quantity = coalesce(%(quantity)s::bigint, quantity),
        refused = %(quantity)s::bigint IS NULL
    WHERE
        proposal_id = %(proposal_id)s AND item_id = %(item_id)s AND lot_id = %(lot_id)s AND serial_id = %(serial_id)s
        AND location_id = %(location_id)s AND NOT refused
    RETURNING proposal_id, item_id, refused
)

INSERT INTO lotwatch.guard_event (proposal_id, item_id, guard, stage, reason, reason_zh)
SELECT
    proposal_id,
    item_id,
    'approver',
    'ask',
    %(reason)s,
    %(reason_zh)s
FROM changed
WHERE refused;

-- Hold it, unless the very same hold is in force.
INSERT INTO lotwatch.hold (
    cause, authority, reference, reason, case_reference, item_id, lot_id, serial_id, location_id, placed_at, placed_by
)
VALUES (
    %(cause)s, %(authority)s, %(reference)s, %(reason)s, %(case_reference)s,
    %(item_id)s, %(lot_id)s, %(serial_id)s, %(location_id)s, %(placed_at)s, %(placed_by)s
)
ON CONFLICT (cause, item_id, lot_id, serial_id, location_id, reference) WHERE released_at IS NULL DO NOTHING
RETURNING hold_id;

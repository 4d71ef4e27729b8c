-- Which uses without a lot or serial number may have been of an affected one? The trace says from where and when.
INSERT INTO lotwatch.recall_unit (
    case_id, whereabouts, item_id, lot_id, serial_id, location_id, place_id, site_id, quantity, movement_id, occurred_at,
    document, has_case_reference
)
SELECT DISTINCT
    %(case_id)s::bigint,
    'possible',
    movement.item_id,
    0,
    0,
    origin.location_id,
    lotwatch.answering_place(origin.location_id),
    origin.site_id,
    movement.quantity,
    movement.movement_id,
    movement.occurred_at,
    movement.document,
    movement.case_reference IS NOT NULL
FROM
    unnest(
        %(items)s::bigint[], %(origins)s::bigint[], %(destinations)s::bigint[],
        %(firsts)s::timestamptz[], %(lasts)s::timestamptz[]
    ) AS flow (item_id, from_location_id, to_location_id, first_at, last_at)
INNER JOIN lotwatch.movement_flag AS flag
    ON
        flow.item_id = flag.item_id AND flow.from_location_id = flag.location_id
        AND flag.flag IN ('lot_missing', 'serial_missing')
INNER JOIN lotwatch.movement AS movement
    ON
        flag.movement_id = movement.movement_id AND flag.recorded_at = movement.recorded_at
        AND flow.to_location_id = movement.to_location_id
        AND movement.occurred_at BETWEEN flow.first_at AND flow.last_at
INNER JOIN lotwatch.location AS origin ON movement.from_location_id = origin.location_id
INNER JOIN lotwatch.location AS destination ON movement.to_location_id = destination.location_id
WHERE
    destination.kind = 'patient' AND movement.serial_id = 0 AND movement.reverses_id IS NULL
    AND NOT EXISTS (
        SELECT FROM lotwatch.movement_source AS reversal
        WHERE reversal.reverses_id = movement.movement_id
    );

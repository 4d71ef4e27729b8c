-- Which event of the source became which movement.
INSERT INTO lotwatch.movement_source (source, source_event_id, movement_id, recorded_at)
SELECT
    movement.source,
    movement.source_event_id,
    movement.movement_id,
    movement.recorded_at
FROM lotwatch.movement AS movement;

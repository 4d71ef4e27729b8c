-- Is an event of the source `events` posted?
SELECT EXISTS(
    SELECT 1 FROM lotwatch.movement_source
    WHERE source = 'events' AND source_event_id = %(key)s
);

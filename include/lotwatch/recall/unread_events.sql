-- Which reports name what may be several lots, and were not read since they say so?
SELECT
    event.source,
    event.source_key,
    event.lot_number
FROM lotwatch.adverse_event AS event
LEFT JOIN lotwatch.recall_event_reading AS reading ON event.source = reading.source AND event.source_key = reading.source_key
WHERE event.lot_number ~ '[[:alnum:]][^[:alnum:]._-]+[[:alnum:]]' AND reading.said IS DISTINCT FROM event.lot_number
ORDER BY event.source, event.source_key
LIMIT 10000;

-- These lots a report names.
INSERT INTO lotwatch.recall_event_reading (source, source_key, said, lots)
VALUES (%(source)s, %(key)s, %(said)s, %(lots)s)
ON CONFLICT (source, source_key) DO UPDATE SET said = excluded.said, lots = excluded.lots;

-- It was read. No row: somebody else has read it meanwhile.
INSERT INTO lotwatch.recall_reading (version_id, grammar, read_at)
VALUES (%(version_id)s, %(grammar)s, %(read_at)s)
ON CONFLICT (version_id) DO NOTHING;

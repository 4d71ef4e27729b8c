-- A text of a rule, kept for ever.
INSERT INTO lotwatch.rule_version (rule_id, version, pack, body, text, submitted_at)
VALUES (%(rule_id)s, %(version)s, %(pack)s, %(body)s, %(text)s, %(as_of)s)
ON CONFLICT (rule_id, version) DO NOTHING;

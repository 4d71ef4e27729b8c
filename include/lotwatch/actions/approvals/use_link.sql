-- A link of a message is used; nothing comes back where it was used before.
INSERT INTO lotwatch.used_link (proposal_id, revision, step, person, used_at, decision)
VALUES (%(proposal_id)s, %(revision)s, %(step)s, %(person)s, %(used_at)s, %(decision)s)
ON CONFLICT DO NOTHING
RETURNING 1;

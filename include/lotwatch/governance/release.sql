-- What was shipped is in force from the first set-up on, once.
INSERT INTO lotwatch.change_set (
    kind, content, released, reason, submitted_by, submitted_at, decision, decided_by, decided_at
)
VALUES (
    %(kind)s, %(content)s, TRUE, 'as shipped', 'release', %(as_of)s, 'activated', 'release', %(as_of)s
)
ON CONFLICT (kind) WHERE released DO NOTHING
RETURNING change_set_id;

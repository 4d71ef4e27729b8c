-- Put a stop in force, unless the same is.
INSERT INTO lotwatch.stop_switch (scope, key, reason, set_by, set_at)
VALUES (%(scope)s, %(key)s, %(reason)s, %(who)s, %(as_of)s)
ON CONFLICT (scope, key) WHERE lifted_at IS NULL DO NOTHING
RETURNING stop_switch_id;

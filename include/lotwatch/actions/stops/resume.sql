-- Lift a stop that is in force.
UPDATE lotwatch.stop_switch SET lifted_by = %(who)s, lifted_at = %(as_of)s
WHERE stop_switch_id = %(number)s AND lifted_at IS NULL
RETURNING
    scope,
    key;

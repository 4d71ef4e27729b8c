-- The least that judging a batch can cost: a verdict written into each of its rows, without looking at any.
UPDATE stage.movement SET errors = '{}', warnings = '{}'
WHERE batch_id = %(batch_id)s;

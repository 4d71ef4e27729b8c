-- The least that judging a batch can cost: a verdict written into each of its rows, without looking at any.
UPDATE stage.lot SET errors = '{}', warnings = '{}'
WHERE batch_id = %(batch_id)s;

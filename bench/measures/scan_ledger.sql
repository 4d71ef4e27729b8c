-- One pass over every movement: the least that planning can cost.
SELECT
    count(*),
    sum(movement.quantity)
FROM lotwatch.movement AS movement;

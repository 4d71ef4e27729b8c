-- One pass over every position: the least that knowing what is where can cost.
SELECT
    count(*),
    sum(position.quantity)
FROM lotwatch.position AS position;

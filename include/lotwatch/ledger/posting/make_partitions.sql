-- Make the months' parts of the movement table that are missing. How many were?
SELECT lotwatch.make_movement_partitions(%(first)s::date, %(last)s::date) AS made;

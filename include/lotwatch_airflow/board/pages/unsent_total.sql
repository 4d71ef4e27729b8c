-- How many wait, are unclear, or were given up?
SELECT
    count(*) AS all_rows,
    count(*) FILTER (WHERE state = 'waiting') AS all_waiting,
    count(*) FILTER (WHERE state = 'unclear') AS all_unclear,
    count(*) FILTER (WHERE state = 'failed') AS all_failed
FROM listed

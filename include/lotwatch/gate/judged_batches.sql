-- Which batches of a source have judged rows that wait, the oldest first, until they make up so many rows?
SELECT counted.batch_id
FROM (
    SELECT
        j.batch_id,
        sum(count(*)) OVER (ORDER BY j.batch_id) - count(*) AS rows_before
    FROM lotwatch.judged_row AS j
    JOIN lotwatch.batch AS b ON b.batch_id = j.batch_id
    WHERE b.source = %(source)s
    GROUP BY j.batch_id
) AS counted
WHERE counted.rows_before < %(rows)s
ORDER BY counted.batch_id;

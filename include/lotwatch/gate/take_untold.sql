-- Batches of the source that the gate has decided on and nobody was told of: from now on they are.
WITH taken AS (
    UPDATE lotwatch.batch AS b
    SET told = true
    WHERE b.source = %(source)s AND NOT b.told AND b.state IN ('judged', 'posted', 'stopped')
    RETURNING b.batch_id, b.state, b.counts, b.error
)

SELECT taken.batch_id, taken.state, taken.counts, taken.error FROM taken
ORDER BY taken.batch_id;

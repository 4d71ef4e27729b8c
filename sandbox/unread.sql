-- How many pushed messages wait to be read, or to be posted?
SELECT
    (
        SELECT count(*) FROM lotwatch.inbox
        WHERE taken_at IS NULL
    )
    + (
        SELECT count(*) FROM lotwatch.batch
        WHERE source = 'events' AND state IN ('staged', 'judged')
    );

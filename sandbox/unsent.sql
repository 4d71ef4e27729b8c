-- How much is still to be sent?
SELECT count(*) FROM lotwatch.outbox
WHERE state IN ('waiting', 'unclear');

-- Of which sources do judged rows wait?
SELECT DISTINCT b.source
FROM lotwatch.batch AS b
WHERE b.pushed AND EXISTS (SELECT FROM lotwatch.judged_row AS j WHERE j.batch_id = b.batch_id)
ORDER BY b.source;

-- Do fewer judged rows than this wait?
SELECT count(*) < %(limit)s FROM (SELECT 1 FROM lotwatch.judged_row LIMIT %(limit)s) AS waiting;

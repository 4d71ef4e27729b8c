-- Who has issued notices?
SELECT DISTINCT authority FROM lotwatch.notice
ORDER BY authority

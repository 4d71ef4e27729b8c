-- Which sources have records in quarantine?
SELECT DISTINCT source FROM lotwatch.quarantine
WHERE state = 'open'
ORDER BY source

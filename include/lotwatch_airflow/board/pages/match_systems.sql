-- Whose codes were ever suggested?
SELECT DISTINCT system FROM lotwatch.match_suggestion
ORDER BY system

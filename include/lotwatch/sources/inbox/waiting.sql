-- Which sources have bodies that wait, the longest waiting first?
SELECT w.source FROM lotwatch.inbox AS w
WHERE w.taken_at IS NULL
GROUP BY w.source
ORDER BY min(w.inbox_id);

-- How many events wait to be read?
SELECT coalesce(sum(w.events), 0)::bigint FROM lotwatch.inbox AS w
WHERE w.taken_at IS NULL;

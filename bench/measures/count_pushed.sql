-- How many events of the source `events` are posted, and how many wait or could not be read?
SELECT
    (SELECT count(*) FROM lotwatch.movement_source WHERE source = 'events') AS posted,
    (SELECT coalesce(sum(events), 0)::bigint FROM lotwatch.inbox WHERE taken_at IS NULL OR error IS NOT NULL) AS waiting,
    (SELECT coalesce(sum(events), 0)::bigint FROM lotwatch.inbox) AS kept;

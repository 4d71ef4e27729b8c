-- These items a notice may mean, though it names nothing that we have of them.
INSERT INTO lotwatch.recall_watched_item (item_id, notice_id)
SELECT
    given.item_id,
    %(notice_id)s
FROM unnest(%(items)s::bigint[]) AS given (item_id)
ON CONFLICT DO NOTHING;

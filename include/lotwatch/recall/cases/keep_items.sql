-- These items were compared with all notices that may mean them.
INSERT INTO lotwatch.recall_compared_item (item_id, digest)
SELECT
    given.item_id,
    given.digest
FROM unnest(%(items)s::bigint[], %(digests)s::text[]) AS given (item_id, digest)
ORDER BY given.item_id
ON CONFLICT (item_id) DO UPDATE SET digest = excluded.digest;

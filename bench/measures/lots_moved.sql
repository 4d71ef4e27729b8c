-- The movements of some lots, and nothing else about them.
SELECT movement.* FROM lotwatch.movement AS movement
WHERE movement.lot_id = ANY(%(lot_ids)s);

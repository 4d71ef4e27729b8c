-- The movements of some batches, to be stored again in the cheapest way there is.
COPY (
    SELECT movement.* FROM lotwatch.movement AS movement
    WHERE movement.batch_id = ANY(%(batch_ids)s)
) TO STDOUT;

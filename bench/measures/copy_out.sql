-- The movements of a batch, to be stored again in the cheapest way there is.
COPY (
    SELECT movement.* FROM lotwatch.movement AS movement
    WHERE movement.batch_id = %(batch_id)s AND movement.recorded_at >= now() - interval '1 day'
) TO STDOUT;

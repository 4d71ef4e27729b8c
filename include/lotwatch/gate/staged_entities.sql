-- How many records of each entity has the batch staged? Nought where none could even be mapped.
SELECT e.entity, e.records
FROM (
    SELECT 'supplier' AS entity, count(*) AS records FROM stage.supplier WHERE batch_id = %(batch_id)s
    UNION ALL
    SELECT 'location', count(*) FROM stage.location WHERE batch_id = %(batch_id)s
    UNION ALL
    SELECT 'item', count(*) FROM stage.item WHERE batch_id = %(batch_id)s
    UNION ALL
    SELECT 'agreement', count(*) FROM stage.agreement WHERE batch_id = %(batch_id)s
    UNION ALL
    SELECT 'lot', count(*) FROM stage.lot WHERE batch_id = %(batch_id)s
    UNION ALL
    SELECT 'movement', count(*) FROM stage.movement WHERE batch_id = %(batch_id)s
    UNION ALL
    SELECT 'purchase_line', count(*) FROM stage.purchase_line WHERE batch_id = %(batch_id)s
    UNION ALL
    SELECT 'inspection', count(*) FROM stage.inspection WHERE batch_id = %(batch_id)s
) AS e
WHERE
    e.records > 0
    OR e.entity IN (
        SELECT q.entity FROM lotwatch.quarantine AS q
        WHERE q.state = 'open' AND q.source = %(source)s AND q.last_batch_id = %(batch_id)s AND q.rules = %(unmapped)s
    );

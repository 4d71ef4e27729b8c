-- How much was located, by what became of it?
SELECT
    coalesce(sum(quantity) FILTER (WHERE whereabouts = 'stock'), 0)::bigint AS stock,
    coalesce(sum(quantity) FILTER (WHERE whereabouts = 'in_transit'), 0)::bigint AS in_transit,
    coalesce(sum(quantity) FILTER (WHERE whereabouts = 'used'), 0)::bigint AS used,
    coalesce(sum(quantity) FILTER (WHERE whereabouts = 'possible'), 0)::bigint AS possible
FROM lotwatch.recall_unit
WHERE case_id = %(case_id)s;

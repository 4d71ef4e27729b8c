-- Which rules did records of these batches break, and which records, some of them new?
SELECT
    r.entity, r.rule, r.severity, (array_agg(r.reason ORDER BY r.batch_id DESC))[1] AS reason, sum(r.failing)::bigint AS failing,
    (
        SELECT coalesce(jsonb_agg(e.example), '[]')
        FROM (
            SELECT x.example FROM lotwatch.rule_result AS s
            CROSS JOIN LATERAL jsonb_array_elements(s.examples) AS x (example)
            WHERE s.batch_id = ANY (%(batch_ids)s) AND s.entity = r.entity AND s.rule = r.rule
            ORDER BY (x.example ->> 'known')::boolean, s.batch_id DESC
            LIMIT 5
        ) AS e
    ) AS examples
FROM lotwatch.rule_result AS r
WHERE r.batch_id = ANY (%(batch_ids)s)
GROUP BY r.entity, r.rule, r.severity
ORDER BY r.severity, sum(r.failing) DESC, r.rule;

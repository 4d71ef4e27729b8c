-- What waits in quarantine, by source, entity and first rule, and since when? The longest first. The reason is an example, in
-- both languages where the gate has kept it.
WITH waiting AS (
    SELECT
        q.source, q.entity, q.rules[1] AS rule, count(*) AS waiting, min(q.first_seen) AS since,
        (array_agg(q.source_key ORDER BY q.quarantine_id))[1:5] AS examples,
        (array_agg(q.reasons[1] ORDER BY q.quarantine_id))[1] AS reason
    FROM lotwatch.quarantine AS q
    WHERE q.state = 'open' AND q.first_seen < %(before)s
    GROUP BY q.source, q.entity, q.rules[1]
)

SELECT
    w.source, w.entity, w.rule, w.waiting, w.since, w.examples,
    coalesce(told.reason, jsonb_build_object('en', w.reason, 'zh', w.reason)) AS reason
FROM waiting AS w
LEFT JOIN LATERAL (
    SELECT r.examples -> 0 -> 'reason' AS reason FROM lotwatch.rule_result AS r
    WHERE r.entity = w.entity AND r.rule = w.rule
    ORDER BY r.batch_id DESC
    LIMIT 1
) AS told ON true
ORDER BY w.since, w.source, w.entity, w.rule;

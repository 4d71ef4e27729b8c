-- What waits in quarantine, by source, entity and first rule, and since when? The longest first; the reason is an example.
SELECT
    q.source, q.entity, q.rules[1] AS rule, count(*) AS waiting, min(q.first_seen) AS since,
    (array_agg(q.source_key ORDER BY q.quarantine_id))[1:5] AS examples,
    (
        array_agg(
            jsonb_build_object('en', q.reasons[1], 'zh', coalesce(q.reasons_zh[1], q.reasons[1])) ORDER BY q.quarantine_id
        )
    )[1] AS reason
FROM lotwatch.quarantine AS q
WHERE q.state = 'open' AND q.first_seen < %(before)s
GROUP BY q.source, q.entity, q.rules[1]
ORDER BY min(q.first_seen), q.source, q.entity, q.rules[1];

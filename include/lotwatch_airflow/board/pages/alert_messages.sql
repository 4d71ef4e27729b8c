-- Which messages told of an alert, to whom, and did they arrive?
SELECT
    outbox_id,
    state,
    payload ->> 'template' AS template,
    array_to_string(ARRAY(SELECT jsonb_array_elements_text(coalesce(payload -> 'subscribers', payload -> 'to'))), ', ') AS recipients,
    created_at,
    sent_at,
    last_error
FROM lotwatch.outbox
WHERE kind = 'message' AND payload -> 'alerts' @> to_jsonb(%(alert)s::bigint)
ORDER BY outbox_id

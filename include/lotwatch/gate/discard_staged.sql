-- What an unwanted batch has staged leaves it for quarantine, closed: nothing that was read is lost. What waits there already
-- (taken into the batch to be tried again) stays as it is.
WITH unwanted AS (
    DELETE FROM stage.{entity} AS s
    WHERE s.batch_id = %(batch_id)s
    RETURNING
        s.source_key, s.raw, coalesce(nullif(s.errors, '{{}}'), %(unwanted)s) AS rules, {item_code} AS item_code,
        to_jsonb(s) - '{{batch_id,record_no,source_key,raw,errors,warnings}}'::text [] AS record
)

INSERT INTO lotwatch.quarantine (
    source, entity, source_key, item_code, record, raw, rules, reasons, state, first_batch_id, last_batch_id
)
SELECT
    %(source)s, %(entity_name)s, u.source_key, u.item_code, u.record, u.raw, u.rules, ARRAY[%(reason)s], 'discarded',
    %(batch_id)s, %(batch_id)s
FROM unwanted AS u
WHERE NOT EXISTS (
    SELECT FROM lotwatch.quarantine AS q
    WHERE q.state = 'open' AND q.source = %(source)s AND q.entity = %(entity_name)s AND q.source_key = u.source_key
)
ORDER BY u.source_key;

-- Rows with errors leave the batch for quarantine: one open row for each record, however often it is read again.
WITH bad AS (
    DELETE FROM stage.{entity} AS s
    WHERE s.batch_id = %(batch_id)s AND s.errors <> '{{}}'
    RETURNING
        s.source_key, s.raw, s.errors, {item_code} AS item_code, {reasons} AS reasons, {reasons_zh} AS reasons_zh,
        to_jsonb(s) - '{{batch_id,record_no,source_key,raw,errors,warnings}}'::text [] AS record
)

INSERT INTO lotwatch.quarantine (
    source, entity, source_key, item_code, record, raw, rules, reasons, reasons_zh, first_batch_id, last_batch_id
)
SELECT
    %(source)s, %(entity_name)s, bad.source_key, bad.item_code, bad.record, bad.raw, bad.errors, bad.reasons,
    bad.reasons_zh, %(batch_id)s, %(batch_id)s
FROM bad
ORDER BY bad.source_key
ON CONFLICT (source, entity, source_key) WHERE state = 'open' DO UPDATE
    SET
        item_code = excluded.item_code, record = excluded.record, raw = excluded.raw,
        rules = excluded.rules, reasons = excluded.reasons, reasons_zh = excluded.reasons_zh,
        last_batch_id = excluded.last_batch_id, last_seen = now();

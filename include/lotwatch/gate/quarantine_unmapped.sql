-- A record that could not be mapped to our entity: kept as it was read.
INSERT INTO lotwatch.quarantine (
    source, entity, source_key, item_code, record, raw, rules, reasons, first_batch_id, last_batch_id
)
VALUES (
    %(source)s, %(entity)s, %(source_key)s, %(item_code)s, NULL, %(raw)s, %(rules)s, %(reasons)s,
    %(batch_id)s, %(batch_id)s
)
ON CONFLICT (source, entity, source_key) WHERE state = 'open' DO UPDATE
    SET
        item_code = excluded.item_code, record = excluded.record, raw = excluded.raw,
        rules = excluded.rules, reasons = excluded.reasons, reasons_zh = NULL,
        last_batch_id = excluded.last_batch_id, last_seen = now();

-- Which label flags did the batch's items not say themselves, and which device record said them instead?
INSERT INTO lotwatch.item_fill AS kept (item_id, field, value, source, source_key, filled_at)
SELECT DISTINCT ON (item.item_id, flag.field)
    item.item_id,
    flag.field,
    flag.value::text AS value,
    device.source,
    device.source_key,
    batch.as_of
FROM stage.item AS staged
INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
INNER JOIN lotwatch.item AS item ON staged.code = item.code
INNER JOIN lotwatch.device_record AS device
    ON lotwatch.identifier_key(staged.udi_di) = lotwatch.identifier_key(device.udi_di)
CROSS JOIN
    LATERAL (
        VALUES
        ('label_lot', staged.label_lot, device.label_lot),
        ('label_serial', staged.label_serial, device.label_serial),
        ('label_expiry', staged.label_expiry, device.label_expiry)
    ) AS flag (field, value, recorded)
WHERE
    staged.batch_id = %(batch_id)s AND staged.errors = '{}'
    AND staged.stated ? flag.field AND flag.value = flag.recorded
ORDER BY item.item_id, flag.field, device.published_on DESC NULLS LAST, device.source, device.source_key
ON CONFLICT (item_id, field) WHERE field <> 'identifier' DO UPDATE
    SET value = excluded.value, source = excluded.source, source_key = excluded.source_key, filled_at = excluded.filled_at
    WHERE (kept.value, kept.source, kept.source_key) IS DISTINCT FROM (excluded.value, excluded.source, excluded.source_key);

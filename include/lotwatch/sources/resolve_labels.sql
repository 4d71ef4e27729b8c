-- Items whose system does not say what their label carries: the device record of their UDI-DI does, where there is one.
UPDATE stage.item AS s
SET
    label_lot = coalesce(s.label_lot, found.label_lot),
    label_serial = coalesce(s.label_serial, found.label_serial),
    label_expiry = coalesce(s.label_expiry, found.label_expiry),
    stated = coalesce((
        SELECT jsonb_object_agg(flag.name, NULL)
        FROM (VALUES
            ('label_lot', s.label_lot IS NULL AND found.label_lot IS NOT NULL),
            ('label_serial', s.label_serial IS NULL AND found.label_serial IS NOT NULL),
            ('label_expiry', s.label_expiry IS NULL AND found.label_expiry IS NOT NULL)
        ) AS flag (name, filled)
        WHERE flag.filled
    ), '{}') || coalesce(s.stated, '{}')
FROM (
    SELECT DISTINCT ON (staged.record_no)
        staged.record_no, device.label_lot, device.label_serial, device.label_expiry
    FROM stage.item AS staged
    INNER JOIN lotwatch.device_record AS device
        ON lotwatch.identifier_key(device.udi_di) = lotwatch.identifier_key(staged.udi_di)
    WHERE
        staged.batch_id = %(batch_id)s
        AND (staged.label_lot IS NULL OR staged.label_serial IS NULL OR staged.label_expiry IS NULL)
    ORDER BY staged.record_no, device.published_on DESC NULLS LAST, device.source, device.source_key
) AS found
WHERE s.batch_id = %(batch_id)s AND s.record_no = found.record_no;

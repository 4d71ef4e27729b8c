-- What do the device records of their identifiers say of items whose own systems do not, or said otherwise before? Kept with
-- its provenance, and written into the item.
WITH offered AS (
    SELECT DISTINCT ON (item.item_id, told.field)
        item.item_id,
        told.field,
        told.value,
        device.source,
        device.source_key
    FROM lotwatch.item AS item
    INNER JOIN lotwatch.item_identifier AS known ON item.item_id = known.item_id AND known.package_level = 'unit'
    INNER JOIN lotwatch.device_record AS device
        ON lotwatch.identifier_key(known.code) = lotwatch.identifier_key(device.udi_di)
    CROSS JOIN
        LATERAL (
            VALUES
            ('device_class', item.device_class, device.device_class),
            ('legal_manufacturer', item.legal_manufacturer, device.company),
            ('registration_number', item.registration_number, device.registration_number)
        ) AS told (field, kept, value)
    LEFT JOIN lotwatch.item_fill AS filled ON item.item_id = filled.item_id AND told.field = filled.field
    WHERE told.value IS NOT NULL AND (told.kept IS NULL OR told.kept = filled.value)
    ORDER BY item.item_id, told.field, device.published_on DESC NULLS LAST, device.source, device.source_key
),

noted AS (
    INSERT INTO lotwatch.item_fill AS kept (item_id, field, value, source, source_key, filled_at)
    SELECT
        offered.item_id,
        offered.field,
        offered.value,
        offered.source,
        offered.source_key,
        %(as_of)s
    FROM offered
    ON CONFLICT (item_id, field) WHERE field <> 'identifier' DO UPDATE
        SET
            value = excluded.value, source = excluded.source, source_key = excluded.source_key,
            filled_at = excluded.filled_at
        WHERE (kept.value, kept.source, kept.source_key)
        IS DISTINCT FROM (excluded.value, excluded.source, excluded.source_key)
    RETURNING kept.item_id, kept.field, kept.value, kept.source, kept.source_key
),

written AS (
    UPDATE lotwatch.item AS item
    SET
        device_class = coalesce(filling.device_class, item.device_class),
        legal_manufacturer = coalesce(filling.legal_manufacturer, item.legal_manufacturer),
        registration_number = coalesce(filling.registration_number, item.registration_number)
    FROM (
        SELECT
            noted.item_id,
            max(noted.value) FILTER (WHERE noted.field = 'device_class') AS device_class,
            max(noted.value) FILTER (WHERE noted.field = 'legal_manufacturer') AS legal_manufacturer,
            max(noted.value) FILTER (WHERE noted.field = 'registration_number') AS registration_number
        FROM noted
        GROUP BY noted.item_id
    ) AS filling
    WHERE item.item_id = filling.item_id
    RETURNING item.item_id, item.code
)

SELECT
    written.code,
    noted.field,
    noted.value,
    noted.source || '/' || noted.source_key AS origin
FROM noted
INNER JOIN written ON noted.item_id = written.item_id
ORDER BY written.code, noted.field;

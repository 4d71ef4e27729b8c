-- Our active items, as they may be recognised: by what we know of them, and what the device records of their identifiers say.
SELECT
    item.code,
    item.name,
    coalesce(item.legal_manufacturer, device.company) AS maker,
    coalesce(item.registration_number, device.registration_number) AS registration_number,
    coalesce(known.identifiers, '{}') AS identifiers,
    device.brand,
    device.model,
    device.catalogue_number
FROM lotwatch.item AS item
LEFT JOIN
    LATERAL (
        SELECT array_agg(lotwatch.identifier_key(identifier.code)) AS identifiers
        FROM lotwatch.item_identifier AS identifier
        WHERE identifier.item_id = item.item_id
    ) AS known
    ON true
LEFT JOIN
    LATERAL (
        SELECT
            told.company,
            told.registration_number,
            told.brand,
            told.model,
            told.catalogue_number
        FROM lotwatch.device_record AS told
        WHERE lotwatch.identifier_key(told.udi_di) = any(known.identifiers)
        ORDER BY told.published_on DESC NULLS LAST, told.source, told.source_key
        LIMIT 1
    ) AS device
    ON true
WHERE item.active
ORDER BY item.code;

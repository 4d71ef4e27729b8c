-- Device records, still distributed and of no item yet, that these items may be: from a manufacturer whose name begins like
-- one of theirs, or with a catalogue number that is one of their codes.
WITH wanted AS (
    SELECT
        item.code,
        left(lower(regexp_replace(item.legal_manufacturer, '[^[:alnum:]]', '', 'g')), 4) AS maker
    FROM lotwatch.item AS item
    WHERE item.code = any(%(items)s::text[])
)

SELECT
    device.source,
    device.udi_di,
    lotwatch.identifier_key(device.udi_di) AS key,
    device.description AS name,
    device.brand,
    device.model,
    device.catalogue_number,
    device.company AS maker,
    device.registration_number
FROM lotwatch.device_record AS device
WHERE
    device.ended_on IS NULL
    AND (
        left(lower(regexp_replace(device.company, '[^[:alnum:]]', '', 'g')), 4) IN (SELECT wanted.maker FROM wanted)
        OR device.catalogue_number IN (SELECT wanted.code FROM wanted)
    )
    AND NOT EXISTS (
        SELECT 1 FROM lotwatch.item_identifier AS known
        WHERE lotwatch.identifier_key(known.code) = lotwatch.identifier_key(device.udi_di)
    )
ORDER BY device.source, device.udi_di;

-- Which items of ours may a notice mean? Those that bear a device identifier of its (or are in a package of its device), have
-- a catalogue or model number of its, or a catalogue number that stands in its words, are called so by us or a supplier, are of
-- its maker; and, where it names no device or was written to us, those with a lot or unit of a number of its. With what is
-- compared of each.
WITH named_device AS (
    SELECT
        device.udi_di,
        device.packages
    FROM lotwatch.device_record AS device
    WHERE
        lotwatch.identifier_key(device.udi_di) = ANY(%(identifiers)s::text[])
        OR lotwatch.number_key(device.catalogue_number) = ANY(%(numbers)s::text[])
        OR lotwatch.number_key(device.model) = ANY(%(numbers)s::text[])
        OR lotwatch.number_key(device.catalogue_number) = ANY(%(standing)s::text[])
),

device_key AS (
    SELECT
        lotwatch.identifier_key(named_device.udi_di) AS key,
        lotwatch.identifier_key(named_device.udi_di) AS of_device
    FROM named_device
    UNION
    SELECT
        lotwatch.identifier_key(package.described ->> 'udi_di'),
        lotwatch.identifier_key(named_device.udi_di)
    FROM named_device
    CROSS JOIN LATERAL jsonb_array_elements(named_device.packages) AS package (described)
),

found AS (
    SELECT identifier.item_id
    FROM lotwatch.item_identifier AS identifier
    WHERE
        lotwatch.identifier_key(identifier.code) = ANY(%(identifiers)s::text[])
        OR lotwatch.identifier_key(identifier.code) IN (SELECT device_key.key FROM device_key)
    UNION
    SELECT item.item_id
    FROM lotwatch.item AS item
    WHERE item.legal_manufacturer = ANY(%(makers)s::text[])
    UNION
    SELECT identifier.item_id
    FROM lotwatch.device_record AS device
    INNER JOIN lotwatch.item_identifier AS identifier
        ON lotwatch.identifier_key(device.udi_di) = lotwatch.identifier_key(identifier.code)
    WHERE device.company = ANY(%(makers)s::text[])
    UNION
    SELECT item.item_id
    FROM lotwatch.item AS item
    WHERE item.code = ANY(%(numbers)s::text[])
    UNION
    SELECT item.item_id
    FROM lotwatch.cross_reference AS known
    INNER JOIN lotwatch.item AS item ON known.our_code = item.code
    WHERE known.kind = 'item' AND lotwatch.number_key(known.their_code) = ANY(%(numbers)s::text[])
    UNION
    SELECT lot.item_id
    FROM lotwatch.lot AS lot
    WHERE lotwatch.number_key(lot.number) = ANY(%(lots)s::text[])
    UNION
    SELECT unit.item_id
    FROM lotwatch.serial_unit AS unit
    WHERE lotwatch.number_key(unit.number) = ANY(%(lots)s::text[])
)

SELECT
    item.item_id,
    item.name,
    array_remove(device.companies || item.legal_manufacturer, NULL) AS makers,
    device.identifiers,
    device.numbers,
    ARRAY(
        SELECT lotwatch.number_key(known.their_code) FROM lotwatch.cross_reference AS known
        WHERE known.kind = 'item' AND known.our_code = item.code
    ) || lotwatch.number_key(item.code) AS codes
FROM found
INNER JOIN lotwatch.item AS item ON found.item_id = item.item_id
CROSS JOIN
    LATERAL (
        SELECT
            coalesce(array_agg(DISTINCT known.key), '{}')
            || coalesce(array_agg(DISTINCT lotwatch.identifier_key(told.udi_di)) FILTER (WHERE told.udi_di IS NOT NULL), '{}')
                AS identifiers,
            coalesce(array_agg(DISTINCT told.company) FILTER (WHERE told.company IS NOT NULL), '{}') AS companies,
            coalesce(
                array_agg(DISTINCT lotwatch.number_key(told.catalogue_number)) FILTER (WHERE told.catalogue_number IS NOT NULL),
                '{}'
            )
            || coalesce(array_agg(DISTINCT lotwatch.number_key(told.model)) FILTER (WHERE told.model IS NOT NULL), '{}')
                AS numbers
        FROM (
            SELECT
                lotwatch.identifier_key(identifier.code) AS key,
                lotwatch.identifier_key(identifier.code) AS of_device
            FROM lotwatch.item_identifier AS identifier
            WHERE identifier.item_id = item.item_id
            UNION
            SELECT
                device_key.key,
                device_key.of_device
            FROM lotwatch.item_identifier AS identifier
            INNER JOIN device_key ON lotwatch.identifier_key(identifier.code) = device_key.key
            WHERE identifier.item_id = item.item_id
        ) AS known
        LEFT JOIN lotwatch.device_record AS told ON known.of_device = lotwatch.identifier_key(told.udi_di)
    ) AS device
ORDER BY item.item_id;

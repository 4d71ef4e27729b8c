-- Which identifiers belong to one device record, and how many of its device does a package with each contain?
WITH RECURSIVE package AS (
    SELECT
        device.source,
        device.source_key,
        lotwatch.identifier_key(told.package ->> 'udi_di') AS key,
        lotwatch.identifier_key(told.package ->> 'contains') AS inner_key,
        coalesce(told.package ->> 'level', 'other') AS package_level,
        (told.package ->> 'quantity')::bigint AS quantity
    FROM lotwatch.device_record AS device
    CROSS JOIN LATERAL jsonb_array_elements(device.packages) AS told (package)
),

nested AS (
    SELECT
        device.source,
        device.source_key,
        lotwatch.identifier_key(device.udi_di) AS key,
        'unit' AS package_level,
        1::bigint AS units,
        0 AS depth
    FROM lotwatch.device_record AS device
    WHERE device.packages <> '[]'
    UNION ALL
    SELECT
        nested.source,
        nested.source_key,
        package.key,
        package.package_level,
        nested.units * package.quantity,
        nested.depth + 1
    FROM nested
    INNER JOIN package
        ON
            nested.source = package.source AND nested.source_key = package.source_key
            AND nested.key = package.inner_key
    WHERE nested.depth < 6 AND nested.units * package.quantity <= 1000000
)

SELECT DISTINCT ON (nested.key)
    nested.key,
    nested.source || '/' || nested.source_key AS family,
    nested.package_level,
    nested.units
FROM nested
ORDER BY nested.key, nested.depth, nested.source, nested.source_key;

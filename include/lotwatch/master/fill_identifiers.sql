-- Which identifiers of their packages, one within the other, do device records know that items do not have yet? A package
-- of packages contains the product of their quantities. What belongs to another item already stays that item's.
WITH RECURSIVE device AS (
    SELECT
        item.item_id,
        item.code AS item_code,
        known.units_contained,
        record.source,
        record.source_key,
        record.udi_di,
        record.packages
    FROM lotwatch.item AS item
    INNER JOIN lotwatch.item_identifier AS known ON item.item_id = known.item_id AND known.package_level = 'unit'
    INNER JOIN lotwatch.device_record AS record
        ON lotwatch.identifier_key(known.code) = lotwatch.identifier_key(record.udi_di)
    WHERE record.packages <> '[]'
),

package AS (
    SELECT
        device.item_id,
        device.source,
        device.source_key,
        told.package ->> 'udi_di' AS code,
        lotwatch.identifier_key(told.package ->> 'contains') AS inner_key,
        (told.package ->> 'quantity')::bigint AS quantity,
        coalesce(told.package ->> 'level', 'other') AS package_level,
        (told.package ->> 'ended_on')::date AS ended_on
    FROM device
    CROSS JOIN LATERAL jsonb_array_elements(device.packages) AS told (package)
),

nested AS (
    SELECT
        device.item_id,
        device.source,
        device.source_key,
        lotwatch.identifier_key(device.udi_di) AS key,
        NULL::text AS code,
        device.units_contained AS units,
        NULL::text AS package_level,
        NULL::date AS ended_on,
        0 AS depth
    FROM device
    UNION ALL
    SELECT
        package.item_id,
        package.source,
        package.source_key,
        lotwatch.identifier_key(package.code),
        package.code,
        nested.units * package.quantity,
        package.package_level,
        package.ended_on,
        nested.depth + 1
    FROM nested
    INNER JOIN package
        ON
            nested.item_id = package.item_id AND nested.source = package.source
            AND nested.source_key = package.source_key AND nested.key = package.inner_key
    WHERE nested.depth < 6 AND nested.units * package.quantity <= 1000000
),

added AS (
    INSERT INTO lotwatch.item_identifier (agency, code, item_id, package_level, units_contained, valid_through)
    SELECT DISTINCT ON (nested.key)
        lotwatch.identifier_agency(nested.code),
        nested.code,
        nested.item_id,
        nested.package_level,
        nested.units,
        nested.ended_on
    FROM nested
    WHERE
        nested.depth > 0 AND lotwatch.gs1_check_digit_holds(nested.code)
        AND NOT EXISTS (
            SELECT 1 FROM lotwatch.item_identifier AS other
            WHERE lotwatch.identifier_key(other.code) = nested.key
        )
    ORDER BY nested.key, nested.item_id, nested.source, nested.source_key, nested.depth
    ON CONFLICT (agency, code) DO NOTHING
    RETURNING item_id, code, units_contained
),

noted AS (
    INSERT INTO lotwatch.item_fill (item_id, field, value, source, source_key, filled_at)
    SELECT DISTINCT ON (added.item_id, added.code)
        added.item_id,
        'identifier',
        added.code,
        nested.source,
        nested.source_key,
        %(as_of)s::timestamptz
    FROM added
    INNER JOIN nested ON added.item_id = nested.item_id AND added.code = nested.code
    ORDER BY added.item_id, added.code, nested.source, nested.source_key
    ON CONFLICT (item_id, field, value) DO NOTHING
    RETURNING item_id, value, source, source_key
)

SELECT
    item.code,
    added.code AS identifier,
    added.units_contained,
    noted.source || '/' || noted.source_key AS origin
FROM added
INNER JOIN lotwatch.item AS item ON added.item_id = item.item_id
INNER JOIN noted ON added.item_id = noted.item_id AND added.code = noted.value
ORDER BY item.code, added.code;

-- Which item codes and device identifiers keep records in quarantine, how many, and how does the latest of them describe it?
WITH named AS (
    SELECT
        waiting.source,
        told.kind,
        told.code,
        waiting.raw,
        waiting.last_seen,
        waiting.quarantine_id
    FROM lotwatch.quarantine AS waiting
    CROSS JOIN LATERAL (SELECT lotwatch.as_stated(waiting.record) AS record) AS stated
    CROSS JOIN
        LATERAL (
            VALUES
            ('item', stated.record ->> 'item_code', waiting.record ->> 'item_code'),
            ('item', stated.record ->> 'kit_item_code', waiting.record ->> 'kit_item_code'),
            (
                'identifier', CASE WHEN stated.record ->> 'item_code' IS NULL THEN stated.record ->> 'udi_di' END,
                waiting.record ->> 'item_code'
            )
        ) AS told (kind, code, ours)
    LEFT JOIN lotwatch.item AS item ON told.ours = item.code
    WHERE
        waiting.state = 'open' AND waiting.entity <> 'item' AND told.code IS NOT NULL AND item.code IS NULL
        AND EXISTS (
            SELECT 1 FROM unnest(waiting.rules) AS broken (rule)
            WHERE starts_with(broken.rule, 'REF')
        )
)

SELECT
    named.source,
    named.kind,
    named.code,
    lotwatch.identifier_key(named.code) AS key,
    count(*)::integer AS waiting,
    (array_agg(named.raw ORDER BY named.last_seen DESC, named.quarantine_id DESC))[1] AS raw,
    (
        SELECT
            jsonb_strip_nulls(jsonb_build_object(
                'name', device.description, 'brand', device.brand, 'model', device.model,
                'catalogue_number', device.catalogue_number, 'maker', device.company,
                'registration_number', device.registration_number
            ))
        FROM lotwatch.device_record AS device
        WHERE lotwatch.identifier_key(device.udi_di) = lotwatch.identifier_key(named.code)
        ORDER BY device.published_on DESC NULLS LAST, device.source, device.source_key
        LIMIT 1
    ) AS device
FROM named
WHERE
    named.kind = 'item' OR NOT EXISTS (
        SELECT 1 FROM lotwatch.item_identifier AS known
        WHERE lotwatch.identifier_key(known.code) = lotwatch.identifier_key(named.code)
    )
GROUP BY named.source, named.kind, named.code
ORDER BY named.source, named.kind, named.code;

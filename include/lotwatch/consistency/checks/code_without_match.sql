-- Which codes of other systems keep records in quarantine because nothing of ours is known by them?
WITH named AS (
    SELECT
        waiting.source,
        code.kind,
        coalesce(lotwatch.as_stated(waiting.record) ->> code.field, waiting.record ->> code.field) AS code,
        waiting.reasons[1] AS example
    FROM lotwatch.quarantine AS waiting
    CROSS JOIN
        LATERAL (
            VALUES
            ('item', 'item_code'), ('item', 'kit_item_code'), ('location', 'location_code'), ('location', 'site_code'),
            ('location', 'parent_code'), ('location', 'from_location'), ('location', 'to_location'),
            ('location', 'from_site'), ('location', 'customer_location'), ('location', 'from_site_code'),
            ('location', 'to_site_code'), ('supplier', 'supplier_code'), ('legal_entity', 'legal_entity_code'),
            ('identifier', 'udi_di')
        ) AS code (kind, field)
    WHERE
        waiting.state = 'open' AND waiting.record ->> code.field IS NOT NULL
        AND EXISTS (
            SELECT 1 FROM unnest(waiting.rules) AS broken (rule)
            WHERE starts_with(broken.rule, 'REF')
        )
        AND CASE code.kind
            WHEN 'item'
                THEN NOT EXISTS (
                    SELECT 1 FROM lotwatch.item AS known
                    WHERE known.code = waiting.record ->> code.field
                )
            WHEN 'location'
                THEN NOT EXISTS (
                    SELECT 1 FROM lotwatch.location AS known
                    WHERE known.code = waiting.record ->> code.field
                )
            WHEN 'supplier'
                THEN NOT EXISTS (
                    SELECT 1 FROM lotwatch.supplier AS known
                    WHERE known.code = waiting.record ->> code.field
                )
            WHEN 'legal_entity'
                THEN NOT EXISTS (
                    SELECT 1 FROM lotwatch.legal_entity AS known
                    WHERE known.code = waiting.record ->> code.field
                )
            ELSE waiting.record ->> 'item_code' IS NULL AND NOT EXISTS (
                SELECT 1 FROM lotwatch.item_identifier AS known
                WHERE lotwatch.identifier_key(known.code) = lotwatch.identifier_key(waiting.record ->> code.field)
            )
        END
),

compared AS (
    SELECT
        named.source,
        named.kind,
        named.code,
        count(*) AS records,
        min(named.example) AS example
    FROM named
    GROUP BY named.source, named.kind, named.code
)

SELECT
    total.examined,
    differing.*
FROM (
    SELECT count(*) AS examined FROM lotwatch.quarantine
    WHERE state = 'open'
) AS total
LEFT JOIN (
    SELECT
        concat_ws('|', source, kind, code) AS subject_key,
        NULL::bigint AS item_id,
        NULL::bigint AS site_id,
        NULL::numeric AS quantity,
        NULL::numeric AS value,
        jsonb_build_object(
            'source', source, 'kind', kind, 'code', code, 'records', records, 'example', example
        ) AS evidence
    FROM compared
) AS differing ON TRUE

-- Which cross references name something that we do not have?
WITH compared AS (
    SELECT
        known.system,
        known.kind,
        known.their_code,
        known.our_code,
        CASE known.kind
            WHEN 'item' THEN item.code
            WHEN 'location' THEN place.code
            WHEN 'supplier' THEN supplier.code
            WHEN 'legal_entity' THEN entity.code
        END IS NULL AS nowhere
    FROM lotwatch.cross_reference AS known
    LEFT JOIN lotwatch.item AS item ON known.our_code = item.code
    LEFT JOIN lotwatch.location AS place ON known.our_code = place.code
    LEFT JOIN lotwatch.supplier AS supplier ON known.our_code = supplier.code
    LEFT JOIN lotwatch.legal_entity AS entity ON known.our_code = entity.code
    WHERE known.kind IN ('item', 'location', 'supplier', 'legal_entity')
)

SELECT
    total.examined,
    differing.*
FROM (SELECT count(*) AS examined FROM compared) AS total
LEFT JOIN (
    SELECT
        concat_ws('|', system, kind, their_code) AS subject_key,
        NULL::bigint AS item_id,
        NULL::bigint AS site_id,
        NULL::numeric AS quantity,
        NULL::numeric AS value,
        jsonb_build_object(
            'system', system, 'kind', kind, 'their_code', their_code, 'our_code', our_code
        ) AS evidence
    FROM compared
    WHERE nowhere
) AS differing ON TRUE

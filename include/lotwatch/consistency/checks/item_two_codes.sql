-- For which items does a system have several codes?
WITH compared AS (
    SELECT
        known.system,
        known.our_code,
        string_agg(known.their_code, ', ' ORDER BY known.their_code) AS codes,
        count(*) AS number
    FROM lotwatch.cross_reference AS known
    WHERE known.kind = 'item'
    GROUP BY known.system, known.our_code
)

SELECT
    total.examined,
    differing.*
FROM (SELECT count(*) AS examined FROM compared) AS total
LEFT JOIN (
    SELECT
        compared.system || '|' || compared.our_code AS subject_key,
        item.item_id,
        NULL::bigint AS site_id,
        NULL::numeric AS quantity,
        NULL::numeric AS value,
        jsonb_build_object(
            'system', compared.system, 'item_code', compared.our_code, 'item_name', item.name, 'codes', compared.codes
        ) AS evidence
    FROM compared
    LEFT JOIN lotwatch.item AS item ON compared.our_code = item.code
    WHERE compared.number > 1
) AS differing ON TRUE

-- Which active items have the same name, but for spaces and signs, from the same manufacturer in the same unit?
WITH compared AS (
    SELECT
        min(item.name) AS name,
        min(item.legal_manufacturer) AS maker,
        min(item.item_id) AS item_id,
        string_agg(item.code, ', ' ORDER BY item.code) AS items,
        count(*) AS number
    FROM lotwatch.item AS item
    WHERE item.active AND item.legal_manufacturer IS NOT NULL
    GROUP BY
        lower(regexp_replace(item.name, '[^[:alnum:]]+', '', 'g')), lower(item.legal_manufacturer), item.base_unit,
        item.registration_number
)

SELECT
    total.examined,
    differing.*
FROM (SELECT coalesce(sum(number), 0)::bigint AS examined FROM compared) AS total
LEFT JOIN (
    SELECT
        items AS subject_key,
        item_id,
        NULL::bigint AS site_id,
        NULL::numeric AS quantity,
        NULL::numeric AS value,
        jsonb_build_object('name', name, 'maker', maker, 'items', items) AS evidence
    FROM compared
    WHERE number > 1
) AS differing ON TRUE

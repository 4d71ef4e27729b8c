-- Which device identifiers, with or without leading zeros, belong to several items?
WITH compared AS (
    SELECT
        lotwatch.identifier_key(known.code) AS identifier,
        min(known.item_id) AS item_id,
        string_agg(DISTINCT item.code, ', ' ORDER BY item.code) AS items,
        count(DISTINCT known.item_id) AS number
    FROM lotwatch.item_identifier AS known
    INNER JOIN lotwatch.item AS item ON known.item_id = item.item_id
    GROUP BY lotwatch.identifier_key(known.code)
)

SELECT
    total.examined,
    differing.*
FROM (SELECT count(*) AS examined FROM compared) AS total
LEFT JOIN (
    SELECT
        identifier AS subject_key,
        item_id,
        NULL::bigint AS site_id,
        NULL::numeric AS quantity,
        NULL::numeric AS value,
        jsonb_build_object('identifier', identifier, 'items', items) AS evidence
    FROM compared
    WHERE number > 1
) AS differing ON TRUE

-- Of which lots do systems state different last days of use, and how much of each is in stock?
WITH compared AS (
    SELECT
        stated.lot_id,
        string_agg(stated.source || ' ' || coalesce(stated.usable_through::text, '-'), ', ' ORDER BY stated.source) AS dates,
        count(DISTINCT stated.usable_through) AS number
    FROM lotwatch.lot_statement AS stated
    GROUP BY stated.lot_id
)

SELECT
    total.examined,
    differing.*
FROM (SELECT count(*) AS examined FROM compared) AS total
LEFT JOIN (
    SELECT
        item.code || '|' || lot.number AS subject_key,
        item.item_id,
        NULL::bigint AS site_id,
        stocked.quantity,
        stocked.quantity * item.unit_cost AS value,
        jsonb_build_object(
            'item_code', item.code, 'item_name', item.name, 'lot_number', lot.number, 'stated', compared.dates,
            'kept', lot.usable_through, 'physical', stocked.quantity
        ) AS evidence
    FROM compared
    INNER JOIN lotwatch.lot AS lot ON compared.lot_id = lot.lot_id
    INNER JOIN lotwatch.item AS item ON lot.item_id = item.item_id
    CROSS JOIN
        LATERAL (
            SELECT coalesce(sum(known.quantity), 0) AS quantity
            FROM lotwatch.position AS known
            WHERE known.item_id = item.item_id AND known.lot_id = lot.lot_id
        ) AS stocked
    WHERE compared.number > 1
) AS differing ON TRUE

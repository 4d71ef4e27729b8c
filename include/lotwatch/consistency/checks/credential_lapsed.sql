-- Of which items and suppliers is no credential of a kind in force any more, though there is stock or an open order?
WITH credited AS (
    SELECT
        held.kind,
        held.item_id,
        held.supplier_id,
        max(held.valid_through) AS lapsed_on,
        (array_agg(held.number ORDER BY held.valid_through DESC))[1] AS number
    FROM lotwatch.credential AS held
    WHERE held.item_id IS NOT NULL OR held.supplier_id IS NOT NULL
    GROUP BY held.kind, held.item_id, held.supplier_id
),

ordered AS (
    SELECT
        line.item_id,
        line.supplier_id,
        line.quantity - coalesce(receipt.quantity, 0) AS quantity
    FROM lotwatch.purchase_order_line AS line
    LEFT JOIN lotwatch.order_line_receipt AS receipt ON line.source_key = receipt.order_line_key
    WHERE line.state = 'open' AND coalesce(receipt.quantity, 0) < line.quantity
),

compared AS (
    SELECT
        credited.*,
        coalesce(item.code, supplier.code) AS code,
        coalesce(item.name, supplier.name) AS name,
        item.unit_cost,
        stocked.quantity AS in_stock,
        coming.quantity AS open_orders
    FROM credited
    LEFT JOIN lotwatch.item AS item ON credited.item_id = item.item_id
    LEFT JOIN lotwatch.supplier AS supplier ON credited.supplier_id = supplier.supplier_id
    CROSS JOIN
        LATERAL (
            SELECT coalesce(sum(known.quantity), 0) AS quantity
            FROM lotwatch.position AS known
            WHERE known.item_id = credited.item_id
        ) AS stocked
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(ordered.quantity), 0) AS quantity
        FROM ordered
        WHERE
            (credited.item_id IS NULL OR ordered.item_id = credited.item_id)
            AND (credited.supplier_id IS NULL OR ordered.supplier_id = credited.supplier_id)
    ) AS coming
)

SELECT
    total.examined,
    differing.*
FROM (SELECT count(*) AS examined FROM compared) AS total
LEFT JOIN (
    SELECT
        concat_ws('|', kind, CASE WHEN item_id IS NULL THEN 'supplier' ELSE 'item' END, code, supplier_id) AS subject_key,
        item_id,
        NULL::bigint AS site_id,
        in_stock + open_orders AS quantity,
        (in_stock + open_orders) * unit_cost AS value,
        jsonb_build_object(
            'kind', kind, 'number', number, 'of', code || ' ' || name, 'lapsed_on', lapsed_on, 'in_stock', in_stock,
            'open_orders', open_orders
        ) AS evidence
    FROM compared
    WHERE lapsed_on < %(as_of)s::date AND (in_stock > 0 OR open_orders > 0)
) AS differing ON TRUE

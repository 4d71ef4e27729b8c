-- Of which delivered lines did another quantity arrive than was announced? Many sources tell that a delivery came and not
-- how much: 0 says nothing.
WITH compared AS (
    SELECT
        line.source || '|' || line.source_key AS subject_key,
        line.item_id,
        line.quantity,
        line.received_quantity,
        coalesce(delivery.number, delivery.source_key) AS delivery_number,
        delivery.carrier,
        delivery.delivered_at,
        delivery.to_site_id AS site_id,
        item.code AS item_code,
        item.name AS item_name,
        item.unit_cost,
        lot.number AS lot_number,
        place.code AS to_code
    FROM lotwatch.delivery_line AS line
    INNER JOIN lotwatch.delivery AS delivery ON line.delivery_id = delivery.delivery_id
    INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
    INNER JOIN lotwatch.location AS place ON delivery.to_location_id = place.location_id
    LEFT JOIN lotwatch.lot AS lot ON line.lot_id = lot.lot_id
    WHERE
        delivery.state = 'delivered' AND delivery.to_site_id IS NOT NULL
        AND delivery.delivered_at > %(as_of)s - make_interval(days => %(days)s::integer)
)

SELECT
    total.examined,
    differing.*
FROM (SELECT count(*) AS examined FROM compared) AS total
LEFT JOIN (
    SELECT
        subject_key,
        item_id,
        site_id,
        received_quantity - quantity AS quantity,
        (received_quantity - quantity) * unit_cost AS value,
        jsonb_build_object(
            'delivery', delivery_number, 'carrier', carrier, 'item_code', item_code, 'item_name', item_name,
            'lot_number', lot_number, 'to_code', to_code, 'announced', quantity, 'received', received_quantity,
            'delivered_at', delivered_at
        ) AS evidence
    FROM compared
    WHERE received_quantity <> quantity AND received_quantity > 0
) AS differing ON TRUE

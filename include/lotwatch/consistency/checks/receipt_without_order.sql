-- Which receipts from suppliers of the last days name no order line, or one that no ERP has told? Of what is ours, at sites
-- that somebody orders for: what is lent or consigned, and what a customer receives, has no order of ours.
WITH compared AS (
    SELECT
        moved.source || '|' || moved.source_event_id AS subject_key,
        moved.source,
        moved.source_event_id,
        moved.document,
        moved.order_line_key,
        moved.item_id,
        moved.quantity,
        moved.occurred_at,
        item.code AS item_code,
        item.name AS item_name,
        item.unit_cost,
        place.code AS location_code,
        place.site_id,
        line.source_key IS NULL AS orphan
    FROM lotwatch.movement AS moved
    INNER JOIN lotwatch.location AS origin ON moved.from_location_id = origin.location_id
    INNER JOIN lotwatch.location AS place ON moved.to_location_id = place.location_id
    INNER JOIN lotwatch.location AS site ON place.site_id = site.location_id
    INNER JOIN lotwatch.item AS item ON moved.item_id = item.item_id
    LEFT JOIN lotwatch.purchase_order_line AS line ON moved.order_line_key = line.source_key
    WHERE
        origin.kind = 'supplier' AND place.holds_stock AND moved.kind = 'movement' AND moved.to_owner = 'own'
        AND site.supplied_by IS NOT NULL
        AND moved.occurred_at > %(as_of)s - make_interval(days => %(days)s::integer)
        AND NOT EXISTS (
            SELECT 1 FROM lotwatch.movement_source AS back
            WHERE back.reverses_id = moved.movement_id
        )
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
        quantity,
        quantity * unit_cost AS value,
        jsonb_build_object(
            'source', source, 'event', source_event_id, 'document', document, 'order_line', order_line_key,
            'item_code', item_code, 'item_name', item_name, 'location_code', location_code, 'received', quantity,
            'occurred_at', occurred_at
        ) AS evidence
    FROM compared
    WHERE orphan
) AS differing ON TRUE

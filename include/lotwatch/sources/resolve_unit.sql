-- Quantities in another unit become base units of the item: five packs of ten are fifty. What is in base units says so no more.
UPDATE stage.{entity} AS s
SET
    quantity = s.quantity * found.factor,
    unit = NULL,
    stated = jsonb_build_object('quantity', s.quantity, 'unit', s.unit) || coalesce(s.stated, '{{}}')
FROM (
    SELECT
        staged.record_no,
        CASE
            WHEN staged.unit = coalesce(waiting_item.base_unit, item.base_unit) THEN 1
            ELSE coalesce(waiting_unit.factor, item_unit.factor)
        END AS factor
    FROM stage.{entity} AS staged
    LEFT JOIN lotwatch.item AS item ON item.code = staged.item_code
    LEFT JOIN lotwatch.waiting_item AS waiting_item ON waiting_item.code = staged.item_code
    LEFT JOIN lotwatch.item_unit AS item_unit ON item_unit.item_id = item.item_id AND item_unit.unit = staged.unit
    LEFT JOIN lotwatch.waiting_item_unit AS waiting_unit
        ON waiting_unit.item_code = staged.item_code AND waiting_unit.unit = staged.unit
    WHERE staged.batch_id = %(batch_id)s AND staged.unit IS NOT NULL
) AS found
WHERE s.batch_id = %(batch_id)s AND s.record_no = found.record_no AND found.factor IS NOT NULL;

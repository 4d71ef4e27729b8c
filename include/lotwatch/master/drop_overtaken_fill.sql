-- What a device record filled in, and the item's own system now says itself: from now on its word counts.
DELETE FROM lotwatch.item_fill AS fill
USING lotwatch.item AS item, stage.item AS staged
WHERE
    fill.item_id = item.item_id AND item.code = staged.code
    AND staged.batch_id = %(batch_id)s AND staged.errors = '{}'
    AND CASE fill.field
        WHEN 'device_class' THEN staged.device_class IS NOT NULL
        WHEN 'legal_manufacturer' THEN staged.legal_manufacturer IS NOT NULL
        WHEN 'registration_number' THEN staged.registration_number IS NOT NULL
        WHEN 'label_lot' THEN NOT coalesce(staged.stated ? 'label_lot', FALSE)
        WHEN 'label_serial' THEN NOT coalesce(staged.stated ? 'label_serial', FALSE)
        WHEN 'label_expiry' THEN NOT coalesce(staged.stated ? 'label_expiry', FALSE)
        ELSE FALSE
    END;

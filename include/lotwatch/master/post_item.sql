-- Items as their system names them; what it leaves out is as a device record filled it in.
INSERT INTO lotwatch.item AS kept (
    code, name, category, legal_manufacturer, device_class, criticality, label_lot, label_serial, label_expiry,
    base_unit, unit_cost, storage_min_c, storage_max_c, registration_number, active
)
SELECT DISTINCT ON (staged.code)
    staged.code,
    staged.name,
    staged.category,
    coalesce(staged.legal_manufacturer, fill.legal_manufacturer) AS legal_manufacturer,
    coalesce(staged.device_class, fill.device_class) AS device_class,
    coalesce(staged.criticality, 'standard'),
    staged.label_lot,
    staged.label_serial,
    staged.label_expiry,
    staged.base_unit,
    staged.unit_cost,
    staged.storage_min_c,
    staged.storage_max_c,
    coalesce(staged.registration_number, fill.registration_number) AS registration_number,
    coalesce(staged.active, true)
FROM stage.item AS staged
LEFT JOIN lotwatch.item AS known ON staged.code = known.code
LEFT JOIN
    LATERAL (
        SELECT
            max(kept.value) FILTER (WHERE kept.field = 'device_class') AS device_class,
            max(kept.value) FILTER (WHERE kept.field = 'legal_manufacturer') AS legal_manufacturer,
            max(kept.value) FILTER (WHERE kept.field = 'registration_number') AS registration_number
        FROM lotwatch.item_fill AS kept
        WHERE kept.item_id = known.item_id
    ) AS fill
    ON true
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY staged.code, staged.record_no DESC
ON CONFLICT (code) DO UPDATE
    SET
        name = excluded.name, category = excluded.category, legal_manufacturer = excluded.legal_manufacturer,
        device_class = excluded.device_class, criticality = excluded.criticality, label_lot = excluded.label_lot,
        label_serial = excluded.label_serial, label_expiry = excluded.label_expiry, base_unit = excluded.base_unit,
        unit_cost = excluded.unit_cost, storage_min_c = excluded.storage_min_c, storage_max_c = excluded.storage_max_c,
        registration_number = excluded.registration_number, active = excluded.active
    WHERE
    (
        kept.name, kept.category, kept.legal_manufacturer, kept.device_class, kept.criticality, kept.label_lot,
        kept.label_serial, kept.label_expiry, kept.base_unit, kept.unit_cost, kept.storage_min_c,
        kept.storage_max_c, kept.registration_number, kept.active
    ) IS DISTINCT FROM (
        excluded.name, excluded.category, excluded.legal_manufacturer, excluded.device_class, excluded.criticality,
        excluded.label_lot, excluded.label_serial, excluded.label_expiry, excluded.base_unit, excluded.unit_cost,
        excluded.storage_min_c, excluded.storage_max_c, excluded.registration_number, excluded.active
    );

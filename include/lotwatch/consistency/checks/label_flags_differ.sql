-- Which items' labels carry something else by the item master than by the device record of their identifier?
WITH compared AS (
    SELECT * FROM lotwatch.item_device_record
    WHERE active
),

flag AS (
    SELECT
        compared.item_id,
        compared.code,
        compared.name,
        compared.record_source,
        compared.record_udi_di,
        string_agg(told.field, ', ' ORDER BY told.field) AS fields,
        string_agg(told.field || ' ' || told.ours, ', ' ORDER BY told.field) AS item_says,
        string_agg(told.field || ' ' || told.theirs, ', ' ORDER BY told.field) AS record_says
    FROM compared
    CROSS JOIN
        LATERAL (
            VALUES
            ('lot', compared.label_lot, compared.record_lot), ('serial', compared.label_serial, compared.record_serial),
            ('expiry', compared.label_expiry, compared.record_expiry)
        ) AS told (field, ours, theirs)
    WHERE told.ours <> told.theirs
    GROUP BY compared.item_id, compared.code, compared.name, compared.record_source, compared.record_udi_di
)

SELECT
    total.examined,
    differing.*
FROM (SELECT count(*) AS examined FROM compared) AS total
LEFT JOIN (
    SELECT
        code || '|' || record_source || '|' || record_udi_di AS subject_key,
        item_id,
        NULL::bigint AS site_id,
        NULL::numeric AS quantity,
        NULL::numeric AS value,
        jsonb_build_object(
            'item_code', code, 'item_name', name, 'record', record_source, 'udi_di', record_udi_di, 'fields', fields,
            'item_says', item_says, 'record_says', record_says
        ) AS evidence
    FROM flag
) AS differing ON TRUE

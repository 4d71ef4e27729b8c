-- Which items have another manufacturer or registration than the device record of their identifier says, or are still
-- active though the device is no longer distributed? Classes are not compared: II in one jurisdiction is not IIa in another.
WITH compared AS (
    SELECT * FROM lotwatch.item_device_record
    WHERE active
),

field AS (
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
            ('manufacturer', compared.legal_manufacturer, compared.record_company),
            ('registration', compared.registration_number, compared.record_registration),
            ('distribution', 'active', CASE WHEN compared.record_ended_on <= %(as_of)s::date THEN 'ended ' || compared.record_ended_on END)
        ) AS told (field, ours, theirs)
    WHERE
        lower(regexp_replace(
            told.ours, '[^[:alnum:]]+|\m(inc|incorporated|llc|ltd|limited|co|corp|corporation|gmbh|ag|company)\M', '', 'gi'
        ))
        <> lower(regexp_replace(
            told.theirs, '[^[:alnum:]]+|\m(inc|incorporated|llc|ltd|limited|co|corp|corporation|gmbh|ag|company)\M', '', 'gi'
        ))
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
    FROM field
) AS differing ON TRUE

-- The outside world, and twenty sites with a store (lots lie there or on the site itself) and a place to inspect.
WITH site AS (
    SELECT
        'SITE-' || n.number AS code,
        CASE WHEN n.number < 8 THEN 'supplier' ELSE 'transfer' END AS supplied_by
    FROM generate_series(0, 19) AS n (number)
),

place (code, kind, parent_code, supplied_by, status) AS (
    VALUES
    ('VENDOR', 'supplier', NULL, NULL, NULL),
    ('PATIENT', 'patient', NULL, NULL, NULL)
    UNION ALL
    SELECT
        site.code,
        'site',
        NULL,
        site.supplied_by,
        NULL
    FROM site
    UNION ALL
    SELECT
        site.code || bin.suffix,
        'bin',
        site.code,
        NULL,
        bin.status
    FROM site
    CROSS JOIN (VALUES ('/STORE', 'unrestricted'), ('/QC', 'inspection')) AS bin (suffix, status)
)

INSERT INTO stage.location (batch_id, source_key, raw, errors, code, name, kind, parent_code, time_zone, supplied_by, status)
SELECT
    %(batch_id)s,
    place.code AS source_key,
    '{}',
    '{}',
    place.code,
    place.code AS name,
    place.kind,
    place.parent_code,
    'Asia/Shanghai',
    place.supplied_by,
    place.status
FROM place;

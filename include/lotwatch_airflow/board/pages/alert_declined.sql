-- Which suppliers declined lately what an alert about an item at a site asks for, and until when are they not asked again?
SELECT
    supplier.name AS supplier_name,
    supplier.code AS supplier_code,
    declined.code,
    declined.quantity,
    (declined.declined_at AT TIME ZONE site.time_zone)::date AS declined_on,
    ((declined.declined_at + %(quiet)s::interval) AT TIME ZONE site.time_zone)::date AS again_on
FROM lotwatch.alert AS alert
INNER JOIN lotwatch.purchase_declined AS declined
    ON
        (alert.subject ->> 'item_id')::bigint = declined.item_id AND (alert.subject ->> 'site_id')::bigint = declined.site_id
INNER JOIN lotwatch.location AS site ON declined.site_id = site.location_id
INNER JOIN lotwatch.supplier AS supplier ON declined.supplier_id = supplier.supplier_id
WHERE
    alert.alert_id = %(alert)s AND alert.subject_kind = 'item_site'
    AND declined.declined_at > %(as_of)s::timestamptz - %(quiet)s::interval
ORDER BY declined.declined_at DESC, supplier.code

-- What do these alerts come to for each rule, supplier, site, or rule and supplier?
SELECT
    CASE WHEN %(grouped_by)s IN ('rule', 'storm') THEN rule_id END AS rule_id,
    CASE WHEN %(grouped_by)s IN ('supplier', 'storm') THEN supplier_code END AS supplier_code,
    CASE WHEN %(grouped_by)s = 'site' THEN site_code END AS site_code,
    max(supplier_name) FILTER (WHERE %(grouped_by)s IN ('supplier', 'storm')) AS supplier_name,
    max(site_name) FILTER (WHERE %(grouped_by)s = 'site') AS site_name,
    count(*) AS alerts,
    count(*) FILTER (WHERE severity = 'critical') AS critical,
    count(*) FILTER (WHERE severity = 'warning') AS warning,
    count(*) FILTER (WHERE severity = 'info') AS info,
    count(*) FILTER (WHERE owner IS NULL) AS unowned,
    max(severity_rank) AS severity_rank,
    min(first_seen) AS first_seen,
    max(first_seen) AS latest
FROM listed
GROUP BY 1, 2, 3

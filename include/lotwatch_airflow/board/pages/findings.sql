-- What has a check found, of what may be seen?
SELECT found.* FROM (
    SELECT
        finding.finding_id,
        finding.subject_key,
        finding.severity,
        finding.evidence,
        finding.quantity AS difference,
        finding.value,
        abs(finding.quantity) AS size,
        abs(finding.value) AS worth,
        finding.first_seen,
        finding.last_seen,
        finding.resolved_at,
        finding.recurrences,
        finding.accepted_by,
        finding.accepted_at,
        finding.accepted_through,
        finding.accept_reason,
        finding.site_id,
        site.code AS site_code,
        site.name AS site_name,
        CASE
            WHEN finding.resolved_at IS NOT NULL THEN 'resolved'
            WHEN finding.accepted_through >= %(today)s THEN 'accepted'
            ELSE 'open'
        END AS state
    FROM lotwatch.check_finding AS finding
    LEFT JOIN lotwatch.location AS site ON finding.site_id = site.location_id
    WHERE
        finding.check_id = %(check_id)s
        AND (%(finding)s::bigint IS NULL OR finding.finding_id = %(finding)s)
        AND (%(site)s::text IS NULL OR site.code = %(site)s)
        AND (
            %(text)s::text IS NULL
            OR strpos(lower(finding.subject_key || ' ' || finding.evidence::text), lower(%(text)s)) > 0
        )
) AS found
WHERE %(state)s = 'all' OR found.state = %(state)s

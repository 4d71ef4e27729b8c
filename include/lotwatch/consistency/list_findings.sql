-- What have the checks found?
SELECT
    listed.finding_id,
    listed.check_id,
    listed.subject_key,
    listed.severity,
    listed.quantity,
    listed.evidence,
    listed.first_seen,
    listed.last_seen,
    listed.resolved_at,
    listed.accepted_by,
    listed.accepted_through,
    listed.accept_reason,
    listed.state
FROM (
    SELECT
        finding.*,
        CASE
            WHEN finding.resolved_at IS NOT NULL THEN 'resolved'
            WHEN finding.accepted_through >= (%(as_of)s::timestamptz AT TIME ZONE 'UTC')::date THEN 'accepted'
            ELSE 'open'
        END AS state
    FROM lotwatch.check_finding AS finding
    WHERE %(check_id)s::text IS NULL OR finding.check_id = %(check_id)s
) AS listed
WHERE %(state)s::text IS NULL OR listed.state = %(state)s
ORDER BY listed.check_id, abs(listed.value) DESC NULLS LAST, listed.subject_key
LIMIT %(limit)s;

-- How does each check stand: its last live run, and its findings now?
SELECT
    last.check_id,
    last.as_of,
    last.state,
    last.examined,
    last.found,
    last.error,
    coalesce(now_open.open, 0) AS open,
    coalesce(now_open.accepted, 0) AS accepted
FROM (
    SELECT DISTINCT ON (result.check_id)
        result.check_id,
        result.as_of,
        result.state,
        result.examined,
        result.found,
        result.error
    FROM lotwatch.check_result AS result
    WHERE NOT result.backfilled
    ORDER BY result.check_id, result.as_of DESC, result.result_id DESC
) AS last
LEFT JOIN (
    SELECT
        finding.check_id,
        count(*) FILTER (WHERE finding.accepted_through >= today.day) AS accepted,
        count(*) FILTER (WHERE finding.accepted_through IS NULL OR finding.accepted_through < today.day) AS open
    FROM lotwatch.check_finding AS finding
    CROSS JOIN (SELECT (%(as_of)s::timestamptz AT TIME ZONE 'UTC')::date AS day) AS today
    WHERE finding.resolved_at IS NULL
    GROUP BY finding.check_id
) AS now_open ON last.check_id = now_open.check_id
ORDER BY last.check_id;

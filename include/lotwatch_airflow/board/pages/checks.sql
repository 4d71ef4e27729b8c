-- How does each check stand, of what may be seen: its open and accepted findings, its last run and its last runs as a line?
WITH finding AS (
    SELECT
        kept.check_id,
        count(*) FILTER (WHERE kept.accepted_through >= %(today)s) AS accepted,
        count(*) FILTER (WHERE kept.accepted_through IS NULL OR kept.accepted_through < %(today)s) AS open,
        sum(abs(kept.value)) FILTER (WHERE kept.accepted_through IS NULL OR kept.accepted_through < %(today)s) AS value
    FROM lotwatch.check_finding AS kept
    WHERE kept.resolved_at IS NULL
    GROUP BY kept.check_id
),

run AS (
    SELECT
        kept.*,
        row_number() OVER (PARTITION BY kept.check_id ORDER BY kept.as_of DESC, kept.result_id DESC) AS back
    FROM lotwatch.check_result AS kept
    WHERE NOT kept.backfilled
),

last_run AS (
    SELECT
        run.check_id,
        run.as_of,
        run.state,
        run.examined,
        run.error
    FROM run
    WHERE run.back = 1
),

line AS (
    SELECT
        run.check_id,
        jsonb_agg(jsonb_build_object('as_of', run.as_of, 'found', run.found) ORDER BY run.back DESC) AS trend
    FROM run
    WHERE run.back <= %(runs)s
    GROUP BY run.check_id
)

SELECT
    coalesce(finding.check_id, run.check_id) AS check_id,
    finding.open,
    finding.accepted,
    finding.value,
    run.as_of,
    run.state,
    run.examined,
    run.error,
    line.trend
FROM finding
FULL OUTER JOIN last_run AS run ON finding.check_id = run.check_id
LEFT JOIN line ON run.check_id = line.check_id

-- Which runs evaluated the rules, what did they find, and what did that do to alerts? `run` names one of them.
SELECT
    logged.run_log_id,
    logged.recorded_at,
    logged.dag_id,
    logged.run_id,
    run.as_of,
    logged.counts ? 'backfilled_findings' AS backfilled,
    (logged.counts ->> 'swept')::integer = 1 AS swept,
    (logged.counts ->> 'item_sites')::integer AS item_sites,
    coalesce(logged.counts ->> 'findings', logged.counts ->> 'backfilled_findings')::bigint AS findings,
    (logged.counts ->> 'suppressed')::bigint AS in_quarantine,
    (logged.counts ->> 'opened')::bigint + (logged.counts ->> 'reopened')::bigint AS opened,
    (logged.counts ->> 'worsened')::bigint AS worsened,
    (logged.counts ->> 'resolved')::bigint AS ended,
    logged.counts -> 'rules' AS rules
FROM lotwatch.run_log AS logged
INNER JOIN lotwatch.run AS run ON logged.dag_id = run.dag_id AND logged.run_id = run.run_id
WHERE
    (logged.counts ? 'swept' OR logged.counts ? 'backfilled_findings')
    AND (%(backfilled)s::boolean IS FALSE OR logged.counts ? 'backfilled_findings')
    AND (%(run)s::text IS NULL OR (logged.dag_id = %(dag)s AND logged.run_id = %(run)s))

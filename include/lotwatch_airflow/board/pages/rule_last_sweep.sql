-- How often did a rule fire when everything was evaluated last, those included that only watch?
SELECT
    logged.dag_id,
    logged.run_id,
    run.as_of,
    coalesce((logged.counts -> 'rules' -> %(rule)s ->> 'fired')::bigint, 0) AS fired
FROM lotwatch.run_log AS logged
INNER JOIN lotwatch.run AS run ON logged.dag_id = run.dag_id AND logged.run_id = run.run_id
WHERE logged.counts ? 'swept' AND logged.counts ->> 'swept' = '1' AND logged.counts ? 'rules'
ORDER BY logged.run_log_id DESC
LIMIT 1

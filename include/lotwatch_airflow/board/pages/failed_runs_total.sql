-- How many tasks, and how many runs, are that?
SELECT
    count(*) AS all_rows,
    count(DISTINCT concat_ws('/', dag_id, run_id)) AS all_runs
FROM listed

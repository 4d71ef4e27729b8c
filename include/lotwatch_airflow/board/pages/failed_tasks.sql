-- Which tasks failed in the 24 hours before the newest entry of the log, and did not succeed when tried again?
SELECT
    latest.run_log_id,
    latest.recorded_at,
    latest.dag_id,
    latest.run_id,
    latest.task_id,
    latest.map_index,
    latest.try_number,
    latest.error
FROM (
    SELECT DISTINCT ON (run_log.dag_id, run_log.run_id, run_log.task_id, run_log.map_index) run_log.*
    FROM lotwatch.run_log AS run_log
    WHERE run_log.recorded_at > (SELECT max(newest.recorded_at) FROM lotwatch.run_log AS newest) - interval '24 hours'
    ORDER BY run_log.dag_id, run_log.run_id, run_log.task_id, run_log.map_index, run_log.run_log_id DESC
) AS latest
WHERE latest.error IS NOT NULL

-- Why did this try of this task fail, where it could not say so itself?
INSERT INTO lotwatch.run_log (dag_id, run_id, task_id, map_index, try_number, counts, error)
SELECT
    %(dag_id)s,
    %(run_id)s,
    %(task_id)s,
    %(map_index)s,
    %(try_number)s,
    '{}',
    %(error)s
WHERE
    NOT EXISTS (
        SELECT FROM lotwatch.run_log AS said
        WHERE
            said.dag_id = %(dag_id)s AND said.run_id = %(run_id)s AND said.task_id = %(task_id)s
            AND said.map_index = %(map_index)s AND said.try_number = %(try_number)s AND said.error IS NOT NULL
    );

-- What did this try of this task do, or why did it fail?
INSERT INTO lotwatch.run_log (dag_id, run_id, task_id, map_index, try_number, counts, error)
VALUES (%(dag_id)s, %(run_id)s, %(task_id)s, %(map_index)s, %(try_number)s, %(counts)s, %(error)s);

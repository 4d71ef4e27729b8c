-- Who did what to which objects, in which try of which task?
COPY lotwatch.audit_event (
    actor, dag_id, run_id, task_id, map_index, try_number, dag_version_id, action, object_kind, object_id, after
) FROM STDIN;

-- Who did what to which object, in which try of which task?
INSERT INTO lotwatch.audit_event (
    actor, dag_id, run_id, task_id, map_index, try_number, dag_version_id,
    action, object_kind, object_id, before, after, reason
)
VALUES (
    %(actor)s, %(dag_id)s, %(run_id)s, %(task_id)s, %(map_index)s, %(try_number)s, %(dag_version_id)s,
    %(action)s, %(object_kind)s, %(object_id)s, %(before)s, %(after)s, %(reason)s
);

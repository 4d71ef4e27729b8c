-- Who did what to which objects, in which try of which task?
INSERT INTO lotwatch.audit_event (
    actor, dag_id, run_id, task_id, map_index, try_number, dag_version_id, action, object_kind, object_id, after
)
SELECT
    %(actor)s,
    %(dag_id)s,
    %(run_id)s,
    %(task_id)s,
    %(map_index)s,
    %(try_number)s,
    %(dag_version_id)s,
    acted.action,
    %(object_kind)s,
    acted.object_id,
    acted.after
FROM acted;

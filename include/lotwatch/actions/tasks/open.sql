-- Somebody has something to do.
INSERT INTO lotwatch.task (
    proposal_id, kind, site_id, place_id, role, what, details, checklist, deadline, opened_at
)
VALUES (
    %(proposal_id)s, %(kind)s, %(site_id)s, %(place_id)s, %(role)s, %(what)s, %(details)s, %(checklist)s, %(deadline)s,
    %(as_of)s
)
RETURNING task_id, reference;

-- Which mock recall did this run open?
SELECT object_id
FROM lotwatch.audit_event
WHERE object_kind = 'recall_case' AND action = 'recall drill opened' AND run_id = %(run_id)s;

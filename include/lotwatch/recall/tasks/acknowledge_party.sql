-- Somebody answered by another way than the task's page.
UPDATE lotwatch.recall_response SET acknowledged_at = %(at)s, acknowledged_by = %(by)s, note = %(note)s
WHERE case_id = %(case_id)s AND party = %(party)s AND party_id = %(party_id)s AND acknowledged_at IS NULL;

-- Take a finding as known through a day, as large as it is now.
UPDATE lotwatch.check_finding
SET
    accepted_by = %(by)s, accepted_at = %(as_of)s, accepted_through = %(through)s, accepted_quantity = quantity,
    accept_reason = %(reason)s
WHERE finding_id = %(finding)s AND resolved_at IS NULL
RETURNING check_id, subject_key, quantity;

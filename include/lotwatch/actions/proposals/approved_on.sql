-- On which day (UTC) was the order approved?
SELECT max(decided_at AT TIME ZONE 'UTC')::date FROM lotwatch.approval
WHERE proposal_id = %(proposal_id)s AND decision = 'approved';

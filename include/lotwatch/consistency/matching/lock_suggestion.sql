-- Does the suggestion wait for a decision? Locked, so that it is decided once.
SELECT known.suggestion_id
FROM lotwatch.match_suggestion AS known
WHERE known.suggestion_id = %(suggestion)s AND known.state = 'proposed'
FOR UPDATE;

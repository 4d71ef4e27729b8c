-- What was read long ago is in the ledger and in quarantine: its body goes. What could not be read stays.
DELETE FROM lotwatch.inbox
WHERE taken_at < %(before)s AND error IS NULL;

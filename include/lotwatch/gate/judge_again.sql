-- The batch goes through the gate once more, with what a person accepts of it.
UPDATE lotwatch.batch
SET state = 'staged', accepted_share = %(accepted_share)s, error = NULL, told = false
WHERE batch_id = %(batch_id)s;

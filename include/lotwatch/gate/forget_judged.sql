-- These rows have been judged once more.
DELETE FROM lotwatch.judged_row
WHERE batch_id = ANY (%(batch_ids)s);

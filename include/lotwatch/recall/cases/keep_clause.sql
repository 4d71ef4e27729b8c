-- What was understood of a passage.
INSERT INTO lotwatch.recall_clause (version_id, clause_no, field, starts, ends, text, reading)
VALUES (%(version_id)s, %(clause_no)s, %(field)s, %(starts)s, %(ends)s, %(text)s, %(reading)s);

-- What was understood of a version, in order.
SELECT
    clause.field,
    clause.starts,
    clause.ends,
    clause.text,
    clause.reading
FROM lotwatch.recall_clause AS clause
WHERE clause.version_id = %(version_id)s
ORDER BY clause.clause_no;

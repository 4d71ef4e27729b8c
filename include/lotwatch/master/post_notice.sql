-- Which notices are new? What they say is kept by the next statement.
INSERT INTO lotwatch.notice (authority, issuer, number, source, source_key)
SELECT DISTINCT ON (staged.authority, coalesce(staged.supplier_code, ''), staged.number)
    staged.authority,
    coalesce(staged.supplier_code, '') AS issuer,
    staged.number,
    batch.source,
    staged.source_key
FROM stage.notice AS staged
INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY staged.authority, coalesce(staged.supplier_code, ''), staged.number, staged.record_no
ON CONFLICT (authority, issuer, number) DO NOTHING;

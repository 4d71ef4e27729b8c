-- How other systems name what is ours.
INSERT INTO lotwatch.cross_reference AS kept (system, kind, their_code, our_code)
SELECT DISTINCT ON (coalesce(staged.system, batch.source), staged.kind, staged.their_code)
    coalesce(staged.system, batch.source) AS system,
    staged.kind,
    staged.their_code,
    staged.our_code
FROM stage.cross_reference AS staged
INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY coalesce(staged.system, batch.source), staged.kind, staged.their_code, staged.record_no DESC
ON CONFLICT (system, kind, their_code) DO UPDATE
    SET our_code = excluded.our_code
    WHERE kept.our_code <> excluded.our_code;

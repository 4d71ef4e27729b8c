-- Does a batch take anything back?
SELECT staged.record_no
FROM stage.movement AS staged
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND staged.reverses_key IS NOT NULL
ORDER BY staged.record_no
LIMIT 1;

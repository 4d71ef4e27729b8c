-- Suppliers as their system names them; only what differs is written.
INSERT INTO lotwatch.supplier AS kept (code, name, email, active)
SELECT DISTINCT ON (staged.code)
    staged.code,
    staged.name,
    staged.email,
    coalesce(staged.active, true)
FROM stage.supplier AS staged
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY staged.code, staged.record_no DESC
ON CONFLICT (code) DO UPDATE
    SET name = excluded.name, email = excluded.email, active = excluded.active
    WHERE (kept.name, kept.email, kept.active) IS DISTINCT FROM (excluded.name, excluded.email, excluded.active);

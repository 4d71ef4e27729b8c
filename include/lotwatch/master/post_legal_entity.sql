-- Legal entities as their system names them.
INSERT INTO lotwatch.legal_entity AS kept (code, name, country, roles, active)
SELECT DISTINCT ON (staged.code)
    staged.code,
    staged.name,
    staged.country,
    coalesce(staged.roles, '{}'),
    coalesce(staged.active, true)
FROM stage.legal_entity AS staged
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY staged.code, staged.record_no DESC
ON CONFLICT (code) DO UPDATE
    SET name = excluded.name, country = excluded.country, roles = excluded.roles, active = excluded.active
    WHERE
    (kept.name, kept.country, kept.roles, kept.active)
    IS DISTINCT FROM (excluded.name, excluded.country, excluded.roles, excluded.active);

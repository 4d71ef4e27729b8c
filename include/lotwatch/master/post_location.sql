-- Places as their system names them; the tree is linked by the next statement.
INSERT INTO lotwatch.location AS kept (code, name, kind, region, time_zone, supplied_by, status, owner, active)
SELECT DISTINCT ON (staged.code)
    staged.code,
    staged.name,
    staged.kind,
    staged.region,
    coalesce(staged.time_zone, 'UTC'),
    staged.supplied_by,
    coalesce(staged.status, 'unrestricted'),
    coalesce(staged.owner, 'own'),
    coalesce(staged.active, true)
FROM stage.location AS staged
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY staged.code, staged.record_no DESC
ON CONFLICT (code) DO UPDATE
    SET
        name = excluded.name, kind = excluded.kind, region = excluded.region, time_zone = excluded.time_zone,
        supplied_by = excluded.supplied_by, status = excluded.status, owner = excluded.owner, active = excluded.active
    WHERE
    (kept.name, kept.kind, kept.region, kept.time_zone, kept.supplied_by, kept.status, kept.owner, kept.active)
    IS DISTINCT FROM (
        excluded.name, excluded.kind, excluded.region, excluded.time_zone,
        excluded.supplied_by, excluded.status, excluded.owner, excluded.active
    );

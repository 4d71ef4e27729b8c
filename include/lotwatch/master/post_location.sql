-- Places as their system names them; the tree is linked by the next statement. What the record does not say of where it
-- lies, who runs it and how warm it is stays as it is: few systems know all of it.
INSERT INTO lotwatch.location AS kept (
    code, name, kind, region, time_zone, supplied_by, status, owner, active,
    legal_entity_id, latitude, longitude, x_m, y_m, aisle, pick_sequence,
    temperature_min_c, temperature_max_c, country
)
SELECT DISTINCT ON (staged.code)
    staged.code,
    staged.name,
    staged.kind,
    staged.region,
    coalesce(staged.time_zone, 'UTC'),
    staged.supplied_by,
    coalesce(staged.status, 'unrestricted'),
    coalesce(staged.owner, 'own'),
    coalesce(staged.active, true),
    coalesce(legal_entity.legal_entity_id, known.legal_entity_id),
    coalesce(staged.latitude, known.latitude),
    coalesce(staged.longitude, known.longitude),
    coalesce(staged.x_m, known.x_m),
    coalesce(staged.y_m, known.y_m),
    coalesce(staged.aisle, known.aisle),
    coalesce(staged.pick_sequence, known.pick_sequence),
    coalesce(staged.temperature_min_c, known.temperature_min_c),
    coalesce(staged.temperature_max_c, known.temperature_max_c),
    coalesce(staged.country, known.country, legal_entity.country)
FROM stage.location AS staged
LEFT JOIN lotwatch.location AS known ON staged.code = known.code
LEFT JOIN lotwatch.legal_entity AS legal_entity ON staged.legal_entity_code = legal_entity.code
WHERE staged.batch_id = %(batch_id)s AND staged.errors = '{}'
ORDER BY staged.code, staged.record_no DESC
ON CONFLICT (code) DO UPDATE
    SET
        name = excluded.name, kind = excluded.kind, region = excluded.region, time_zone = excluded.time_zone,
        supplied_by = excluded.supplied_by, status = excluded.status, owner = excluded.owner, active = excluded.active,
        legal_entity_id = excluded.legal_entity_id, latitude = excluded.latitude, longitude = excluded.longitude,
        x_m = excluded.x_m, y_m = excluded.y_m, aisle = excluded.aisle, pick_sequence = excluded.pick_sequence,
        temperature_min_c = excluded.temperature_min_c, temperature_max_c = excluded.temperature_max_c,
        country = excluded.country
    WHERE
    (
        kept.name, kept.kind, kept.region, kept.time_zone, kept.supplied_by, kept.status, kept.owner, kept.active,
        kept.legal_entity_id, kept.latitude, kept.longitude, kept.x_m, kept.y_m, kept.aisle, kept.pick_sequence,
        kept.temperature_min_c, kept.temperature_max_c, kept.country
    ) IS DISTINCT FROM (
        excluded.name, excluded.kind, excluded.region, excluded.time_zone, excluded.supplied_by, excluded.status,
        excluded.owner, excluded.active, excluded.legal_entity_id, excluded.latitude, excluded.longitude,
        excluded.x_m, excluded.y_m, excluded.aisle, excluded.pick_sequence,
        excluded.temperature_min_c, excluded.temperature_max_c, excluded.country
    );

-- What are we to these items: who runs the places where they are, or may be? And whose device law holds there?
SELECT
    coalesce(bool_or('maker' = ANY(entity.roles) AND lower(entity.name) = lower(item.legal_manufacturer)), FALSE) AS maker,
    coalesce(bool_or('importer' = ANY(entity.roles)), FALSE) AS importer,
    coalesce(bool_or('distributor' = ANY(entity.roles)), FALSE) AS distributor,
    coalesce(bool_or('user' = ANY(entity.roles)), FALSE) AS is_user,
    mode() WITHIN GROUP (ORDER BY site.jurisdiction) AS jurisdiction
FROM lotwatch.location AS site
LEFT JOIN lotwatch.legal_entity AS entity ON site.legal_entity_id = entity.legal_entity_id
LEFT JOIN lotwatch.item AS item ON item.item_id = ANY(%(items)s::bigint[])
WHERE site.kind = 'site' AND site.active;

-- Loaner and instrument sets.
CREATE VIEW lotwatch.fact_kit AS
SELECT
    kit.code AS subject_key,
    place.site_id,
    kit.supplier_id,
    kit.code AS number,
    kit.name AS kit_name,
    kit.owner,
    kit.state,
    supplier.code AS supplier_code,
    supplier.name AS supplier_name,
    place.code AS location_code,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    kit.due_back,
    (lotwatch.as_of() AT TIME ZONE coalesce(site.time_zone, 'UTC'))::date - kit.due_back AS days_overdue,
    coalesce((
        SELECT sum(content.missing_quantity) FROM lotwatch.kit_content AS content
        WHERE content.kit_id = kit.kit_id
    ), 0)::bigint AS missing,
    FALSE AS data_in_quarantine
FROM lotwatch.kit AS kit
LEFT JOIN lotwatch.supplier AS supplier ON kit.supplier_id = supplier.supplier_id
LEFT JOIN lotwatch.location AS place ON kit.location_id = place.location_id
LEFT JOIN lotwatch.location AS site ON place.site_id = site.location_id
WHERE kit.state NOT IN ('returned', 'retired');

COMMENT ON VIEW lotwatch.fact_kit IS 'One row for each loaner or instrument set that is not returned or retired.';
COMMENT ON COLUMN lotwatch.fact_kit.subject_key IS 'what an alert is about: code of the set';
COMMENT ON COLUMN lotwatch.fact_kit.site_id IS 'our number of the site; null: not told where it is';
COMMENT ON COLUMN lotwatch.fact_kit.supplier_id IS 'our number of who lent it; null: nobody';
COMMENT ON COLUMN lotwatch.fact_kit.number IS 'code of the set';
COMMENT ON COLUMN lotwatch.fact_kit.kit_name IS 'name of the set';
COMMENT ON COLUMN lotwatch.fact_kit.owner IS 'own or loaned';
COMMENT ON COLUMN lotwatch.fact_kit.state IS 'ready, in_use or processing';
COMMENT ON COLUMN lotwatch.fact_kit.supplier_code IS 'code of who lent it; null: nobody';
COMMENT ON COLUMN lotwatch.fact_kit.supplier_name IS 'name of who lent it; null: nobody';
COMMENT ON COLUMN lotwatch.fact_kit.location_code IS 'code of the place; null: not told';
COMMENT ON COLUMN lotwatch.fact_kit.site_code IS 'code of the site; null: not told';
COMMENT ON COLUMN lotwatch.fact_kit.site_name IS 'name of the site; null: not told';
COMMENT ON COLUMN lotwatch.fact_kit.region IS 'region of the site; null: not told';
COMMENT ON COLUMN lotwatch.fact_kit.due_back IS 'day on which it is due back; null: not told';
COMMENT ON COLUMN lotwatch.fact_kit.days_overdue IS 'days since it was due back; negative: it is not yet due; null: not told';
COMMENT ON COLUMN lotwatch.fact_kit.missing IS 'what of its contents is missing (base units)';
COMMENT ON COLUMN lotwatch.fact_kit.data_in_quarantine IS 'always false: no item''s records decide about it';

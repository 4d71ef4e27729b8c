-- What quality people were alerted to and is not settled.
CREATE VIEW lotwatch.quality_alert_open AS
SELECT alert.*
FROM lotwatch.quality_alert AS alert
WHERE
    alert.opened_at <= (SELECT lotwatch.as_of())
    AND (alert.closed_at IS NULL OR alert.closed_at > (SELECT lotwatch.as_of()))
    AND (alert.closed_at IS NOT NULL OR alert.state NOT IN ('resolved', 'cancelled'));

CREATE VIEW lotwatch.fact_quality_alert AS
SELECT
    alert.source || ':' || alert.source_key AS subject_key,
    alert.item_id,
    alert.lot_id,
    place.site_id,
    alert.number,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    lot.number AS lot_number,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    alert.title,
    CASE WHEN alert.closed_at IS NULL THEN alert.state ELSE 'open' END AS state,
    extract(DAY FROM lotwatch.as_of() - alert.opened_at)::integer AS days_open,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine
FROM lotwatch.quality_alert_open AS alert
LEFT JOIN lotwatch.item AS item ON alert.item_id = item.item_id
LEFT JOIN lotwatch.lot AS lot ON alert.lot_id = lot.lot_id
LEFT JOIN lotwatch.location AS place ON alert.location_id = place.location_id
LEFT JOIN lotwatch.location AS site ON place.site_id = site.location_id;

COMMENT ON VIEW lotwatch.fact_quality_alert IS 'One row for each alert of the quality system that is not settled.';
COMMENT ON COLUMN lotwatch.fact_quality_alert.subject_key IS 'what an alert is about: source : key of the quality alert there';
COMMENT ON COLUMN lotwatch.fact_quality_alert.item_id IS 'our number of the item; null: it concerns no one item';
COMMENT ON COLUMN lotwatch.fact_quality_alert.lot_id IS 'our number of the lot; null: none is named';
COMMENT ON COLUMN lotwatch.fact_quality_alert.site_id IS 'our number of the site where it was found; null: not told';
COMMENT ON COLUMN lotwatch.fact_quality_alert.number IS 'number of the quality alert';
COMMENT ON COLUMN lotwatch.fact_quality_alert.item_code IS 'code of the item; null: it concerns no one item';
COMMENT ON COLUMN lotwatch.fact_quality_alert.item_name IS 'name of the item; null: it concerns no one item';
COMMENT ON COLUMN lotwatch.fact_quality_alert.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_quality_alert.criticality IS 'life_supporting, critical or standard; null: it concerns no one item';
COMMENT ON COLUMN lotwatch.fact_quality_alert.lot_number IS 'number of the lot; null: none is named';
COMMENT ON COLUMN lotwatch.fact_quality_alert.site_code IS 'code of the site where it was found; null: not told';
COMMENT ON COLUMN lotwatch.fact_quality_alert.site_name IS 'name of the site where it was found; null: not told';
COMMENT ON COLUMN lotwatch.fact_quality_alert.region IS 'region of the site; null: not told';
COMMENT ON COLUMN lotwatch.fact_quality_alert.title IS 'what it is about, in the quality system''s words; null: not told';
COMMENT ON COLUMN lotwatch.fact_quality_alert.state IS 'open, processing or deferred';
COMMENT ON COLUMN lotwatch.fact_quality_alert.days_open IS 'days since it was opened (days)';
COMMENT ON COLUMN lotwatch.fact_quality_alert.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

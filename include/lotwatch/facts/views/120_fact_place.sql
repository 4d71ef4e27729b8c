-- Places and temperatures: when it was too warm or too cold, what of the stock that was exposed is still there, and what is
-- kept where it should not be.
CREATE VIEW lotwatch.fact_excursion AS
SELECT
    excursion.code AS subject_key,
    place.site_id,
    excursion.code AS number,
    place.code AS location_code,
    place.name AS location_name,
    excursion.sscc,
    excursion.delivery_key,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    excursion.sensor,
    excursion.allowed_min_c,
    excursion.allowed_max_c,
    excursion.coldest_c,
    excursion.warmest_c,
    greatest(
        coalesce(excursion.warmest_c - excursion.allowed_max_c, 0), coalesce(excursion.allowed_min_c - excursion.coldest_c, 0)
    ) AS degrees_outside,
    excursion.started_at,
    excursion.minutes,
    excursion.is_over,
    excursion.beyond_tolerance,
    round(extract(EPOCH FROM lotwatch.as_of() - excursion.started_at) / 3600, 1) AS hours_since_start,
    coalesce(exposed.quantity, 0)::bigint AS exposed,
    FALSE AS data_in_quarantine
FROM lotwatch.excursion AS excursion
LEFT JOIN lotwatch.location AS place ON excursion.location_id = place.location_id
LEFT JOIN lotwatch.location AS site ON place.site_id = site.location_id
LEFT JOIN (
    SELECT
        hold.reference,
        sum(held.quantity) AS quantity
    FROM lotwatch.hold AS hold
    INNER JOIN lotwatch.held_stock AS held ON hold.hold_id = held.hold_id
    WHERE hold.cause = 'cold_chain' AND hold.released_at IS NULL
    GROUP BY hold.reference
) AS exposed ON excursion.code = exposed.reference
WHERE
    NOT excursion.withdrawn AND excursion.started_at <= (SELECT lotwatch.as_of())
    AND (
        excursion.ended_at > (SELECT lotwatch.as_of() - interval '90 days') OR NOT excursion.is_over
        OR exposed.quantity > 0
    );

-- The range that is kept at each place: its own, or the nearest one above it.
CREATE VIEW lotwatch.place_range AS
WITH RECURSIVE place AS (
    SELECT
        location.location_id,
        location.temperature_min_c AS min_c,
        location.temperature_max_c AS max_c
    FROM lotwatch.location AS location
    WHERE location.parent_id IS NULL
    UNION ALL
    SELECT
        below.location_id,
        CASE
            WHEN num_nonnulls(below.temperature_min_c, below.temperature_max_c) > 0 THEN below.temperature_min_c
            ELSE place.min_c
        END,
        CASE
            WHEN num_nonnulls(below.temperature_min_c, below.temperature_max_c) > 0 THEN below.temperature_max_c
            ELSE place.max_c
        END
    FROM place
    INNER JOIN lotwatch.location AS below ON place.location_id = below.parent_id
)

SELECT
    place.location_id,
    place.min_c,
    place.max_c
FROM place
WHERE num_nonnulls(place.min_c, place.max_c) > 0;

CREATE VIEW lotwatch.fact_stored_item AS
SELECT
    item.code || '@' || place.code AS subject_key,
    stock.item_id,
    place.site_id,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    place.code AS location_code,
    place.name AS location_name,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    sum(stock.quantity)::bigint AS physical,
    item.storage_min_c,
    item.storage_max_c,
    kept.min_c AS temperature_min_c,
    kept.max_c AS temperature_max_c,
    -- what is said of neither limit cannot be too warm or too cold
    greatest(coalesce(kept.max_c - item.storage_max_c, 0), 0) AS degrees_too_warm,
    greatest(coalesce(item.storage_min_c - kept.min_c, 0), 0) AS degrees_too_cold,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine
FROM lotwatch.stock AS stock
INNER JOIN lotwatch.item AS item
    ON stock.item_id = item.item_id AND num_nonnulls(item.storage_min_c, item.storage_max_c) > 0
INNER JOIN lotwatch.location AS place ON stock.location_id = place.location_id
INNER JOIN lotwatch.place_range AS kept ON stock.location_id = kept.location_id
INNER JOIN lotwatch.location AS site ON place.site_id = site.location_id
GROUP BY stock.item_id, item.item_id, place.location_id, site.location_id, kept.min_c, kept.max_c
HAVING sum(stock.quantity) > 0;

COMMENT ON VIEW lotwatch.fact_excursion IS 'One row for each time outside of the allowed temperatures: of the last 90 days, going on, or with stock that is still held for it.';
COMMENT ON COLUMN lotwatch.fact_excursion.subject_key IS 'what an alert is about: number of the excursion';
COMMENT ON COLUMN lotwatch.fact_excursion.site_id IS 'our number of the site; null: on the way, a package or a delivery';
COMMENT ON COLUMN lotwatch.fact_excursion.number IS 'number of the excursion';
COMMENT ON COLUMN lotwatch.fact_excursion.location_code IS 'code of the place; null: a package or a delivery';
COMMENT ON COLUMN lotwatch.fact_excursion.location_name IS 'name of the place; null: a package or a delivery';
COMMENT ON COLUMN lotwatch.fact_excursion.sscc IS 'SSCC of the package; null: a place or a delivery';
COMMENT ON COLUMN lotwatch.fact_excursion.delivery_key IS 'key of the delivery in its own system; null: a place or a package';
COMMENT ON COLUMN lotwatch.fact_excursion.site_code IS 'code of the site; null: on the way';
COMMENT ON COLUMN lotwatch.fact_excursion.site_name IS 'name of the site; null: on the way';
COMMENT ON COLUMN lotwatch.fact_excursion.region IS 'region of the site; null: on the way, or not told';
COMMENT ON COLUMN lotwatch.fact_excursion.sensor IS 'which sensor measured it';
COMMENT ON COLUMN lotwatch.fact_excursion.allowed_min_c IS 'lower limit (degrees Celsius); null: none';
COMMENT ON COLUMN lotwatch.fact_excursion.allowed_max_c IS 'upper limit (degrees Celsius); null: none';
COMMENT ON COLUMN lotwatch.fact_excursion.coldest_c IS 'coldest reading (degrees Celsius)';
COMMENT ON COLUMN lotwatch.fact_excursion.warmest_c IS 'warmest reading (degrees Celsius)';
COMMENT ON COLUMN lotwatch.fact_excursion.degrees_outside IS 'how far outside at most (degrees Celsius)';
COMMENT ON COLUMN lotwatch.fact_excursion.started_at IS 'when the first reading outside was taken';
COMMENT ON COLUMN lotwatch.fact_excursion.minutes IS 'how long it lasted, or has so far (minutes)';
COMMENT ON COLUMN lotwatch.fact_excursion.is_over IS 'a later reading was inside again';
COMMENT ON COLUMN lotwatch.fact_excursion.beyond_tolerance IS 'longer than is tolerated: what was exposed is held';
COMMENT ON COLUMN lotwatch.fact_excursion.hours_since_start IS 'hours since it began';
COMMENT ON COLUMN lotwatch.fact_excursion.exposed IS 'what is held for it and is still there, now (base units)';
COMMENT ON COLUMN lotwatch.fact_excursion.data_in_quarantine IS 'always false: no item''s records decide about it';

COMMENT ON VIEW lotwatch.fact_stored_item IS 'One row for each item that must be kept within temperatures, at each place that keeps some and has stock of it.';
COMMENT ON COLUMN lotwatch.fact_stored_item.subject_key IS 'what an alert is about: item code @ code of the place';
COMMENT ON COLUMN lotwatch.fact_stored_item.item_id IS 'our number of the item';
COMMENT ON COLUMN lotwatch.fact_stored_item.site_id IS 'our number of the site';
COMMENT ON COLUMN lotwatch.fact_stored_item.item_code IS 'code of the item';
COMMENT ON COLUMN lotwatch.fact_stored_item.item_name IS 'name of the item';
COMMENT ON COLUMN lotwatch.fact_stored_item.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_stored_item.criticality IS 'life_supporting, critical or standard';
COMMENT ON COLUMN lotwatch.fact_stored_item.location_code IS 'code of the place';
COMMENT ON COLUMN lotwatch.fact_stored_item.location_name IS 'name of the place';
COMMENT ON COLUMN lotwatch.fact_stored_item.site_code IS 'code of the site';
COMMENT ON COLUMN lotwatch.fact_stored_item.site_name IS 'name of the site';
COMMENT ON COLUMN lotwatch.fact_stored_item.region IS 'region of the site; null: not told';
COMMENT ON COLUMN lotwatch.fact_stored_item.physical IS 'what is there, whatever its state (base units)';
COMMENT ON COLUMN lotwatch.fact_stored_item.storage_min_c IS 'the item must be kept at or above it (degrees Celsius); null: no lower limit';
COMMENT ON COLUMN lotwatch.fact_stored_item.storage_max_c IS 'the item must be kept at or below it (degrees Celsius); null: no upper limit';
COMMENT ON COLUMN lotwatch.fact_stored_item.temperature_min_c IS 'the place, or the nearest one around it, keeps at or above it (degrees Celsius); null: not said';
COMMENT ON COLUMN lotwatch.fact_stored_item.temperature_max_c IS 'the place, or the nearest one around it, keeps at or below it (degrees Celsius); null: not said';
COMMENT ON COLUMN lotwatch.fact_stored_item.degrees_too_warm IS 'how far the place may be above what the item bears (degrees Celsius)';
COMMENT ON COLUMN lotwatch.fact_stored_item.degrees_too_cold IS 'how far the place may be below what the item bears (degrees Celsius)';
COMMENT ON COLUMN lotwatch.fact_stored_item.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

-- What is under a recall, at each site where it lies: whether it is out of reach there, and since when.
CREATE VIEW lotwatch.fact_recalled_stock AS
WITH recall AS (
    SELECT
        hold.hold_id,
        hold.item_id,
        hold.lot_id,
        hold.serial_id,
        hold.location_id,
        hold.reference,
        hold.case_reference,
        hold.placed_at,
        coalesce(hold.confirmed_at <= (SELECT lotwatch.as_of()), FALSE) AS confirmed
    FROM lotwatch.hold AS hold
    INNER JOIN lotwatch.hold_in_force AS known ON hold.hold_id = known.hold_id
    WHERE hold.cause = 'recall' AND hold.item_id IS NOT NULL
),

affected AS (
    SELECT
        recall.hold_id,
        place.site_id,
        sum(stock.quantity)::bigint AS physical,
        coalesce(sum(stock.quantity) FILTER (WHERE stock.status <> 'blocked'), 0)::bigint AS in_reach
    FROM recall
    INNER JOIN lotwatch.stock AS stock ON recall.item_id = stock.item_id
    INNER JOIN lotwatch.location AS place ON stock.location_id = place.location_id
    LEFT JOIN lotwatch.serial_unit AS unit ON stock.serial_id = unit.serial_id
    WHERE
        place.site_id IS NOT NULL
        AND (recall.lot_id IS NULL OR recall.lot_id = coalesce(unit.lot_id, stock.lot_id))
        AND (recall.serial_id IS NULL OR recall.serial_id = stock.serial_id)
        AND (
            recall.location_id IS NULL
            OR EXISTS (
                SELECT 1 FROM lotwatch.held_place AS covered
                WHERE covered.held_id = recall.location_id AND covered.location_id = stock.location_id
            )
        )
    GROUP BY recall.hold_id, place.site_id
    HAVING sum(stock.quantity) > 0
)

SELECT
    'hold ' || recall.hold_id || '@' || site.code AS subject_key,
    recall.item_id,
    affected.site_id,
    recall.lot_id,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    item.device_class,
    lot.number AS lot_number,
    unit.number AS serial_number,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    site.jurisdiction,
    coalesce('maker' = ANY(entity.roles), FALSE) AS is_maker,
    coalesce('importer' = ANY(entity.roles), FALSE) AS is_importer,
    coalesce('user' = ANY(entity.roles), FALSE) AS is_user,
    recall.reference,
    recall.case_reference,
    coalesce(opened.recall_class, notice.recall_class) AS recall_class,
    round(extract(EPOCH FROM lotwatch.as_of() - recall.placed_at) / 3600, 1) AS hours_since_placed,
    recall.confirmed,
    affected.physical,
    affected.in_reach,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine
FROM affected
INNER JOIN recall ON affected.hold_id = recall.hold_id
INNER JOIN lotwatch.item AS item ON recall.item_id = item.item_id
INNER JOIN lotwatch.location AS site ON affected.site_id = site.location_id
LEFT JOIN lotwatch.legal_entity AS entity ON site.legal_entity_id = entity.legal_entity_id
LEFT JOIN lotwatch.lot AS lot ON recall.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS unit ON recall.serial_id = unit.serial_id
LEFT JOIN lotwatch.recall_case AS opened ON recall.reference = opened.code
-- the gravest, where several notices have that number
LEFT JOIN LATERAL (
    SELECT min(told.recall_class) AS recall_class
    FROM lotwatch.notice_current AS told
    WHERE told.number IN (recall.reference, recall.case_reference)
) AS notice ON TRUE;

COMMENT ON VIEW lotwatch.fact_recalled_stock IS 'One row for each recall hold and site with stock that it covers.';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.subject_key IS 'what an alert is about: number of the hold @ site code';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.item_id IS 'our number of the item';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.site_id IS 'our number of the site';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.lot_id IS 'our number of the lot; null: of no one lot';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.item_code IS 'code of the item';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.item_name IS 'name of the item';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.criticality IS 'life_supporting, critical or standard';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.device_class IS 'class of the device, as its system says: not the class of the recall; null: not told';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.lot_number IS 'number of the lot; null: of no one lot';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.serial_number IS 'serial number of the unit; null: of no one unit';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.site_code IS 'code of the site';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.site_name IS 'name of the site';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.region IS 'region of the site; null: not told';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.jurisdiction IS 'whose device law holds at the site: cn, us or eu; null: another''s, or not told';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.is_maker IS 'who runs the site is a maker of devices';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.is_importer IS 'who runs the site is an importer of devices';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.is_user IS 'who runs the site uses devices on patients';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.reference IS 'what the hold refers to';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.case_reference IS 'the recall case; null: not told';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.recall_class IS 'I, II or III, I the gravest, as the case or notice with that number says: not the class of the device; null: not told';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.hours_since_placed IS 'hours since the hold was placed (hours)';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.confirmed IS 'the warehouse system or the site said that it holds it too';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.physical IS 'stock of it at the site (base units)';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.in_reach IS 'of physical: not blocked by the system that owns it (base units)';
COMMENT ON COLUMN lotwatch.fact_recalled_stock.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

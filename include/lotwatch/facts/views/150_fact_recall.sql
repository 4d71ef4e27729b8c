-- Holds and notices: what should be out of use, and what nobody has decided yet.
CREATE VIEW lotwatch.fact_hold AS
SELECT
    hold.hold_id::text AS subject_key,
    hold.hold_id,
    hold.item_id,
    hold.lot_id,
    hold.cause,
    hold.reference,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    lot.number AS lot_number,
    serial_unit.number AS serial_number,
    held_at.code AS location_code,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    hold.placed_at,
    hold.confirmed_at IS NOT NULL AND hold.confirmed_at <= lotwatch.as_of() AS confirmed,
    round(extract(EPOCH FROM lotwatch.as_of() - hold.placed_at) / 3600, 1) AS hours_held,
    coalesce(covered.physical, 0)::bigint AS physical,
    coalesce(covered.sites, 0) AS sites,
    coalesce((
        SELECT sum(movement.quantity)
        FROM lotwatch.movement AS movement
        INNER JOIN lotwatch.location AS origin ON movement.from_location_id = origin.location_id
        LEFT JOIN lotwatch.serial_unit AS unit ON movement.serial_id = unit.serial_id
        WHERE
            movement.item_id = hold.item_id AND movement.to_counted AND NOT origin.holds_stock
            AND movement.kind = 'movement'
            AND movement.occurred_at > hold.placed_at AND movement.occurred_at <= lotwatch.as_of()
            AND (hold.lot_id IS NULL OR hold.lot_id = coalesce(unit.lot_id, movement.lot_id))
            AND (hold.serial_id IS NULL OR hold.serial_id = movement.serial_id)
    ), 0)::bigint AS received_since,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine
FROM lotwatch.hold AS hold
INNER JOIN lotwatch.item AS item ON hold.item_id = item.item_id
LEFT JOIN lotwatch.lot AS lot ON hold.lot_id = lot.lot_id
LEFT JOIN lotwatch.serial_unit AS serial_unit ON hold.serial_id = serial_unit.serial_id
LEFT JOIN lotwatch.location AS held_at ON hold.location_id = held_at.location_id
LEFT JOIN lotwatch.location AS site ON held_at.site_id = site.location_id
LEFT JOIN (
    SELECT
        held.hold_id,
        sum(held.quantity) AS physical,
        count(DISTINCT place.site_id) AS sites
    FROM lotwatch.held_stock AS held
    INNER JOIN lotwatch.location AS place ON held.location_id = place.location_id
    WHERE held.quantity <> 0
    GROUP BY held.hold_id
) AS covered ON hold.hold_id = covered.hold_id
WHERE
    hold.placed_at <= (SELECT lotwatch.as_of()) AND hold.recorded_at <= (SELECT lotwatch.known_at())
    AND (hold.released_at IS NULL OR hold.released_at > (SELECT lotwatch.as_of()));

CREATE VIEW lotwatch.fact_notice AS
WITH notice AS (
    SELECT *
    FROM lotwatch.notice_current
    WHERE
        first_recorded_at <= (SELECT lotwatch.as_of())
        AND coalesce(terminated_on, 'infinity') > (SELECT (lotwatch.as_of() AT TIME ZONE 'UTC')::date)
),

-- what bears an identifier that it names
named AS (
    SELECT DISTINCT
        told.notice_id,
        known.item_id
    FROM (
        SELECT
            notice.notice_id,
            lotwatch.identifier_key(unnest(notice.udi_dis)) AS key
        FROM notice
    ) AS told
    INNER JOIN lotwatch.item_identifier AS known ON told.key = lotwatch.identifier_key(known.code)
),

named_stock AS (
    SELECT
        stock.item_id,
        sum(stock.quantity) AS physical
    FROM lotwatch.stock AS stock
    WHERE stock.item_id IN (SELECT named.item_id FROM named)
    GROUP BY stock.item_id
),

held AS (
    SELECT
        hold.reference,
        count(*) AS holds
    FROM lotwatch.hold AS hold
    WHERE hold.cause IN ('recall', 'precaution') AND hold.placed_at <= (SELECT lotwatch.as_of())
    GROUP BY hold.reference
)

SELECT
    notice.authority || ':' || notice.issuer || ':' || notice.number AS subject_key,
    notice.notice_id,
    notice.authority,
    notice.number,
    supplier.supplier_id,
    supplier.code AS supplier_code,
    supplier.name AS supplier_name,
    notice.firm,
    notice.title,
    notice.recall_class,
    notice.status,
    notice.action_kind,
    notice.published_on,
    round(extract(EPOCH FROM lotwatch.as_of() - notice.first_recorded_at) / 3600, 1) AS hours_known,
    coalesce(ours.items, 0) AS items,
    coalesce(ours.physical, 0)::bigint AS physical,
    greatest(
        coalesce(cardinality(reading.firm_items), of_firm.items, 0),
        CASE WHEN notice.authority = 'supplier' THEN coalesce(supplied.items, 0) ELSE 0 END
    ) AS items_of_firm,
    coalesce(by_number.holds, 0) + coalesce(by_case.holds, 0) AS holds,
    opened.code AS case_code,
    coalesce(waiting.subjects, 0) AS to_review,
    FALSE AS data_in_quarantine
FROM notice
LEFT JOIN lotwatch.supplier AS supplier ON notice.issuer = supplier.code
LEFT JOIN (
    SELECT
        named.notice_id,
        count(*) AS items,
        sum(named_stock.physical) AS physical
    FROM named
    LEFT JOIN named_stock ON named.item_id = named_stock.item_id
    GROUP BY named.notice_id
) AS ours ON notice.notice_id = ours.notice_id
LEFT JOIN (
    SELECT
        lower(item.legal_manufacturer) AS firm,
        count(*) AS items
    FROM lotwatch.item AS item
    WHERE item.active
    GROUP BY lower(item.legal_manufacturer)
) AS of_firm ON lower(notice.firm) = of_firm.firm
LEFT JOIN lotwatch.recall_reading AS reading ON notice.version_id = reading.version_id
LEFT JOIN (
    SELECT
        agreement.supplier_id,
        count(*) AS items
    FROM lotwatch.supplier_agreement AS agreement
    WHERE agreement.active
    GROUP BY agreement.supplier_id
) AS supplied ON supplier.supplier_id = supplied.supplier_id
LEFT JOIN lotwatch.recall_case_notice AS told ON notice.notice_id = told.notice_id
LEFT JOIN lotwatch.recall_case AS opened ON told.case_id = opened.case_id AND opened.opened_at <= (SELECT lotwatch.as_of())
LEFT JOIN held AS by_number ON notice.number = by_number.reference
LEFT JOIN held AS by_case ON opened.code = by_case.reference
LEFT JOIN (
    SELECT
        known.case_id,
        count(*) AS subjects
    FROM lotwatch.recall_match_current AS known
    WHERE known.verdict = 'needs_review'
    GROUP BY known.case_id
) AS waiting ON opened.case_id = waiting.case_id;

COMMENT ON VIEW lotwatch.fact_hold IS 'One row for each hold in force that names an item.';
COMMENT ON COLUMN lotwatch.fact_hold.subject_key IS 'what an alert is about: number of the hold';
COMMENT ON COLUMN lotwatch.fact_hold.hold_id IS 'our number of the hold';
COMMENT ON COLUMN lotwatch.fact_hold.item_id IS 'our number of the item';
COMMENT ON COLUMN lotwatch.fact_hold.lot_id IS 'our number of the lot; null: all lots';
COMMENT ON COLUMN lotwatch.fact_hold.cause IS 'quality, recall, precaution, data, credential or cold_chain';
COMMENT ON COLUMN lotwatch.fact_hold.reference IS 'the cause''s own number: an inspection, a notice, a recall case, an excursion';
COMMENT ON COLUMN lotwatch.fact_hold.item_code IS 'code of the item';
COMMENT ON COLUMN lotwatch.fact_hold.item_name IS 'name of the item';
COMMENT ON COLUMN lotwatch.fact_hold.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_hold.criticality IS 'life_supporting, critical or standard';
COMMENT ON COLUMN lotwatch.fact_hold.lot_number IS 'number of the lot; null: all lots';
COMMENT ON COLUMN lotwatch.fact_hold.serial_number IS 'serial number of the unit; null: all units';
COMMENT ON COLUMN lotwatch.fact_hold.location_code IS 'code of the place that it names; null: everywhere';
COMMENT ON COLUMN lotwatch.fact_hold.site_code IS 'code of the site; null: everywhere';
COMMENT ON COLUMN lotwatch.fact_hold.site_name IS 'name of the site; null: everywhere';
COMMENT ON COLUMN lotwatch.fact_hold.region IS 'region of the site; null: everywhere, or not told';
COMMENT ON COLUMN lotwatch.fact_hold.placed_at IS 'when it was placed here';
COMMENT ON COLUMN lotwatch.fact_hold.confirmed IS 'the warehouse system or the site said that it holds it too';
COMMENT ON COLUMN lotwatch.fact_hold.hours_held IS 'hours since it was placed';
COMMENT ON COLUMN lotwatch.fact_hold.physical IS 'what it covers, now (base units)';
COMMENT ON COLUMN lotwatch.fact_hold.sites IS 'at how many sites';
COMMENT ON COLUMN lotwatch.fact_hold.received_since IS 'came from outside since it was placed, of the item, lot or unit that it names (base units)';
COMMENT ON COLUMN lotwatch.fact_hold.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

COMMENT ON VIEW lotwatch.fact_notice IS 'One row for each recall or safety notice that is not terminated.';
COMMENT ON COLUMN lotwatch.fact_notice.subject_key IS 'what an alert is about: authority : issuer : number';
COMMENT ON COLUMN lotwatch.fact_notice.notice_id IS 'our number of the notice';
COMMENT ON COLUMN lotwatch.fact_notice.authority IS 'fda, nmpa, gs1, supplier or another body';
COMMENT ON COLUMN lotwatch.fact_notice.number IS 'number of the notice';
COMMENT ON COLUMN lotwatch.fact_notice.supplier_id IS 'our number of the supplier who sent it; null: none of ours';
COMMENT ON COLUMN lotwatch.fact_notice.supplier_code IS 'code of the supplier who sent it; null: none of ours';
COMMENT ON COLUMN lotwatch.fact_notice.supplier_name IS 'name of the supplier who sent it; null: none of ours';
COMMENT ON COLUMN lotwatch.fact_notice.firm IS 'who recalls, or for whom; null: not told';
COMMENT ON COLUMN lotwatch.fact_notice.title IS 'title of the notice; null: not told';
COMMENT ON COLUMN lotwatch.fact_notice.recall_class IS 'I, II or III, I the most serious; null: not told';
COMMENT ON COLUMN lotwatch.fact_notice.status IS 'pending, ongoing, completed, terminated or unknown; null: not told';
COMMENT ON COLUMN lotwatch.fact_notice.action_kind IS 'remove, correct, inspect, advise or other; null: not told';
COMMENT ON COLUMN lotwatch.fact_notice.published_on IS 'day on which it was published; null: not told';
COMMENT ON COLUMN lotwatch.fact_notice.hours_known IS 'hours since we have it';
COMMENT ON COLUMN lotwatch.fact_notice.items IS 'items of ours that bear an identifier which it names';
COMMENT ON COLUMN lotwatch.fact_notice.physical IS 'of these, what is there (base units)';
COMMENT ON COLUMN lotwatch.fact_notice.items_of_firm IS 'items of ours that its firm makes, or a maker that its words name; of a supplier''s letter also those that the supplier delivers (items)';
COMMENT ON COLUMN lotwatch.fact_notice.holds IS 'holds that were placed under its number, or that of its recall case';
COMMENT ON COLUMN lotwatch.fact_notice.case_code IS 'code of its recall case; null: none was opened';
COMMENT ON COLUMN lotwatch.fact_notice.to_review IS 'lots, units and items of its case of which a person must say whether they are affected';
COMMENT ON COLUMN lotwatch.fact_notice.data_in_quarantine IS 'always false: no item''s records decide about it';

-- Registrations, licences and authorisations that end within a year, or ended. A renewal has a later end, whatever its
-- number: the last end of a holder's kind counts.
CREATE VIEW lotwatch.fact_credential AS
WITH last_end AS (
    SELECT
        credential.kind,
        credential.item_id,
        credential.supplier_id,
        credential.legal_entity_id,
        max(credential.valid_through) AS valid_through,
        (array_agg(credential.number ORDER BY credential.valid_through DESC, credential.number DESC))[1] AS number
    FROM lotwatch.credential AS credential
    GROUP BY credential.kind, credential.item_id, credential.supplier_id, credential.legal_entity_id
    HAVING max(credential.valid_through) <= (SELECT (lotwatch.as_of() AT TIME ZONE 'UTC')::date) + 365
)

SELECT
    held.kind || ':' || concat_ws('/', item.code, supplier.code, entity.code) AS subject_key,
    held.item_id,
    held.supplier_id,
    held.kind,
    held.number,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    supplier.code AS supplier_code,
    supplier.name AS supplier_name,
    entity.code AS legal_entity_code,
    held.valid_through,
    held.valid_through - (lotwatch.as_of() AT TIME ZONE 'UTC')::date AS days_to_lapse,
    CASE WHEN held.item_id IS NOT NULL THEN stocked.physical ELSE 0 END AS physical,
    CASE WHEN held.item_id IS NOT NULL OR held.supplier_id IS NOT NULL THEN coming.lines ELSE 0 END AS open_lines,
    coalesce(EXISTS (
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ), FALSE) AS data_in_quarantine
FROM last_end AS held
LEFT JOIN lotwatch.item AS item ON held.item_id = item.item_id
LEFT JOIN lotwatch.supplier AS supplier ON held.supplier_id = supplier.supplier_id
LEFT JOIN lotwatch.legal_entity AS entity ON held.legal_entity_id = entity.legal_entity_id
CROSS JOIN
    LATERAL (
        SELECT coalesce(sum(stock.quantity), 0)::bigint AS physical
        FROM lotwatch.stock AS stock
        INNER JOIN lotwatch.location AS place ON stock.location_id = place.location_id
        WHERE stock.item_id = held.item_id AND place.site_id IS NOT NULL
    ) AS stocked
CROSS JOIN
    LATERAL (
        SELECT count(*) AS lines
        FROM lotwatch.order_line_open AS line
        WHERE
            (held.item_id IS NULL OR line.item_id = held.item_id)
            AND (held.supplier_id IS NULL OR line.supplier_id = held.supplier_id)
            AND num_nonnulls(held.item_id, held.supplier_id) > 0
    ) AS coming
WHERE coalesce(item.active, TRUE) AND coalesce(supplier.active, TRUE) AND coalesce(entity.active, TRUE);

COMMENT ON VIEW lotwatch.fact_credential IS 'One row for each item, supplier or legal entity and kind of credential of which the last ends within a year, or has ended.';
COMMENT ON COLUMN lotwatch.fact_credential.subject_key IS 'what an alert is about: kind : codes of whose it is';
COMMENT ON COLUMN lotwatch.fact_credential.item_id IS 'our number of the item it is of; null: of no item';
COMMENT ON COLUMN lotwatch.fact_credential.supplier_id IS 'our number of the supplier it is of; null: of no supplier';
COMMENT ON COLUMN lotwatch.fact_credential.kind IS 'registration, licence or authorisation';
COMMENT ON COLUMN lotwatch.fact_credential.number IS 'number of the one that ends last';
COMMENT ON COLUMN lotwatch.fact_credential.item_code IS 'code of the item; null: of no item';
COMMENT ON COLUMN lotwatch.fact_credential.item_name IS 'name of the item; null: of no item';
COMMENT ON COLUMN lotwatch.fact_credential.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_credential.criticality IS 'life_supporting, critical or standard; null: of no item';
COMMENT ON COLUMN lotwatch.fact_credential.supplier_code IS 'code of the supplier; null: of no supplier';
COMMENT ON COLUMN lotwatch.fact_credential.supplier_name IS 'name of the supplier; null: of no supplier';
COMMENT ON COLUMN lotwatch.fact_credential.legal_entity_code IS 'code of the legal entity; null: of none';
COMMENT ON COLUMN lotwatch.fact_credential.valid_through IS 'its last day, inclusive';
COMMENT ON COLUMN lotwatch.fact_credential.days_to_lapse IS 'days until its last day (UTC); negative: it has lapsed';
COMMENT ON COLUMN lotwatch.fact_credential.physical IS 'stock of the item on all sites (base units); 0: none, or of no item';
COMMENT ON COLUMN lotwatch.fact_credential.open_lines IS 'order lines of the item or the supplier on which something is still to come (lines)';
COMMENT ON COLUMN lotwatch.fact_credential.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

-- What the law of the place lacks of items that lie or are ordered there: a device identifier, a registration that lasts.
-- A registration whose number is another jurisdiction's (NMPA's numbers say so, FDA's too) does not count.
CREATE VIEW lotwatch.fact_item_jurisdiction AS
WITH present AS (
    SELECT
        part.item_id,
        part.jurisdiction,
        sum(part.physical)::bigint AS physical,
        sum(part.on_order)::bigint AS on_order
    FROM (
        SELECT
            stock.item_id,
            site.jurisdiction,
            stock.quantity AS physical,
            0::bigint AS on_order
        FROM lotwatch.stock AS stock
        INNER JOIN lotwatch.location AS place ON stock.location_id = place.location_id
        INNER JOIN lotwatch.location AS site ON place.site_id = site.location_id
        WHERE site.jurisdiction IS NOT NULL
        UNION ALL
        SELECT
            line.item_id,
            site.jurisdiction,
            0,
            line.outstanding
        FROM lotwatch.order_line_open AS line
        INNER JOIN lotwatch.location AS site ON line.site_id = site.location_id
        WHERE site.jurisdiction IS NOT NULL
    ) AS part
    GROUP BY part.item_id, part.jurisdiction
),

registered AS (
    SELECT
        held.item_id,
        law.jurisdiction,
        count(*) AS registrations,
        max(held.valid_through) AS registered_through
    FROM lotwatch.credential AS held
    INNER JOIN (VALUES ('cn'), ('us'), ('eu')) AS law (jurisdiction)
        ON
            law.jurisdiction = coalesce(
                CASE
                    WHEN held.number ~ '械[注备]' THEN 'cn'
                    WHEN held.number ~ '^(K|P|DEN)[0-9]{6}' THEN 'us'
                END,
                law.jurisdiction
            )
    WHERE held.kind = 'registration' AND held.item_id IS NOT NULL
    GROUP BY held.item_id, law.jurisdiction
),

identified AS (
    SELECT
        identifier.item_id,
        count(*) AS identifiers
    FROM lotwatch.item_identifier AS identifier
    WHERE identifier.package_level = 'unit' AND identifier.agency <> 'NATIONAL'
    GROUP BY identifier.item_id
)

SELECT
    item.code || '@' || present.jurisdiction AS subject_key,
    present.item_id,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    item.device_class,
    present.jurisdiction,
    coalesce(identified.identifiers, 0) AS device_identifiers,
    coalesce(registered.registrations, 0) AS registrations,
    registered.registered_through,
    registered.registered_through - (lotwatch.as_of() AT TIME ZONE 'UTC')::date AS days_registered,
    present.physical,
    present.on_order,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine
FROM present
INNER JOIN lotwatch.item AS item ON present.item_id = item.item_id
LEFT JOIN registered ON present.item_id = registered.item_id AND present.jurisdiction = registered.jurisdiction
LEFT JOIN identified ON present.item_id = identified.item_id
WHERE
    item.active
    AND (
        identified.item_id IS NULL OR registered.item_id IS NULL
        OR registered.registered_through <= (SELECT (lotwatch.as_of() AT TIME ZONE 'UTC')::date) + 365
    );

COMMENT ON VIEW lotwatch.fact_item_jurisdiction IS 'One row for each item and jurisdiction in which it lies or is ordered, where it has no device identifier, no registration, or one that ends within a year.';
COMMENT ON COLUMN lotwatch.fact_item_jurisdiction.subject_key IS 'what an alert is about: item code @ jurisdiction';
COMMENT ON COLUMN lotwatch.fact_item_jurisdiction.item_id IS 'our number of the item';
COMMENT ON COLUMN lotwatch.fact_item_jurisdiction.item_code IS 'code of the item';
COMMENT ON COLUMN lotwatch.fact_item_jurisdiction.item_name IS 'name of the item';
COMMENT ON COLUMN lotwatch.fact_item_jurisdiction.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_item_jurisdiction.criticality IS 'life_supporting, critical or standard';
COMMENT ON COLUMN lotwatch.fact_item_jurisdiction.device_class IS 'class of the device, as its system says; null: not told';
COMMENT ON COLUMN lotwatch.fact_item_jurisdiction.jurisdiction IS 'whose device law holds: cn, us or eu';
COMMENT ON COLUMN lotwatch.fact_item_jurisdiction.device_identifiers IS 'device identifiers (UDI-DI) of its unit, of any issuing agency (identifiers)';
COMMENT ON COLUMN lotwatch.fact_item_jurisdiction.registrations IS 'registrations of it that may be of this jurisdiction, in force or not (registrations)';
COMMENT ON COLUMN lotwatch.fact_item_jurisdiction.registered_through IS 'the last day of the last of them, inclusive; null: there is none';
COMMENT ON COLUMN lotwatch.fact_item_jurisdiction.days_registered IS 'days until that day (UTC); negative: it has passed; null: there is none';
COMMENT ON COLUMN lotwatch.fact_item_jurisdiction.physical IS 'stock on sites of the jurisdiction (base units)';
COMMENT ON COLUMN lotwatch.fact_item_jurisdiction.on_order IS 'still to come on order lines for those sites (base units)';
COMMENT ON COLUMN lotwatch.fact_item_jurisdiction.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

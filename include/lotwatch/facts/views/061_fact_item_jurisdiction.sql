-- What the law of the place lacks of items that lie or are ordered there: a device identifier, a registration that lasts.
-- A registration whose number is another jurisdiction's (NMPA's numbers say so, FDA's too) does not count.
CREATE VIEW lotwatch.fact_item_jurisdiction AS
WITH registered AS (
    SELECT
        held.item_id,
        count(*) FILTER (WHERE held.origin = 'cn' OR held.origin IS NULL) AS in_cn,
        count(*) FILTER (WHERE held.origin = 'us' OR held.origin IS NULL) AS in_us,
        count(*) FILTER (WHERE held.origin IS NULL) AS in_eu,
        max(held.valid_through) FILTER (WHERE held.origin = 'cn' OR held.origin IS NULL) AS through_cn,
        max(held.valid_through) FILTER (WHERE held.origin = 'us' OR held.origin IS NULL) AS through_us,
        max(held.valid_through) FILTER (WHERE held.origin IS NULL) AS through_eu
    FROM (
        SELECT
            credential.item_id,
            credential.valid_through,
            CASE
                WHEN credential.number ~ '械[注备]' THEN 'cn'
                WHEN credential.number ~ '^(K|P|DEN)[0-9]{6}' THEN 'us'
            END AS origin
        FROM lotwatch.credential AS credential
        WHERE credential.kind = 'registration' AND credential.item_id IS NOT NULL
    ) AS held
    GROUP BY held.item_id
),

identified AS (
    SELECT
        identifier.item_id,
        count(*) AS identifiers
    FROM lotwatch.item_identifier AS identifier
    WHERE identifier.package_level = 'unit' AND identifier.agency <> 'NATIONAL'
    GROUP BY identifier.item_id
),

-- few items, as a rule: only of those is it looked where they are
lacking AS (
    SELECT
        item.item_id,
        coalesce(identified.identifiers, 0) AS device_identifiers,
        registered.in_cn,
        registered.in_us,
        registered.in_eu,
        registered.through_cn,
        registered.through_us,
        registered.through_eu
    FROM lotwatch.item AS item
    LEFT JOIN identified ON item.item_id = identified.item_id
    LEFT JOIN registered ON item.item_id = registered.item_id
    WHERE
        item.active
        AND (
            identified.item_id IS NULL
            OR coalesce(least(
                coalesce(registered.through_cn, '-infinity'), coalesce(registered.through_us, '-infinity'),
                coalesce(registered.through_eu, '-infinity')
            ), '-infinity') <= (SELECT (lotwatch.as_of() AT TIME ZONE 'UTC')::date) + 365
        )
),

present AS (
    SELECT
        part.item_id,
        site.jurisdiction,
        min(lacking.device_identifiers) AS device_identifiers,
        CASE site.jurisdiction
            WHEN 'cn' THEN min(lacking.in_cn) WHEN 'us' THEN min(lacking.in_us) ELSE min(lacking.in_eu)
        END AS registrations,
        CASE site.jurisdiction
            WHEN 'cn' THEN min(lacking.through_cn) WHEN 'us' THEN min(lacking.through_us) ELSE min(lacking.through_eu)
        END AS registered_through,
        sum(part.physical)::bigint AS physical,
        sum(part.on_order)::bigint AS on_order
    FROM (
        SELECT
            stock.item_id,
            place.site_id,
            stock.quantity AS physical,
            0::bigint AS on_order
        FROM lotwatch.stock AS stock
        INNER JOIN lotwatch.location AS place ON stock.location_id = place.location_id
        UNION ALL
        SELECT
            line.item_id,
            line.site_id,
            0,
            line.outstanding
        FROM lotwatch.order_line_open AS line
    ) AS part
    INNER JOIN lotwatch.location AS site ON part.site_id = site.location_id
    INNER JOIN lacking ON part.item_id = lacking.item_id
    -- not IS NOT NULL: in a company that has told no country for long, the planner would expect one site and loop over all stock
    WHERE coalesce(site.jurisdiction, '') <> ''
    GROUP BY part.item_id, site.jurisdiction
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
    present.device_identifiers,
    coalesce(present.registrations, 0) AS registrations,
    present.registered_through,
    present.registered_through - (lotwatch.as_of() AT TIME ZONE 'UTC')::date AS days_registered,
    present.physical,
    present.on_order,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine
FROM present
INNER JOIN lotwatch.item AS item ON present.item_id = item.item_id
WHERE
    present.device_identifiers = 0 OR present.registered_through IS NULL
    OR present.registered_through <= (SELECT (lotwatch.as_of() AT TIME ZONE 'UTC')::date) + 365;

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

-- Lots that reports of adverse events name: by the very identifier, or the catalogue number of the same maker, and the number of the
-- lot. What cannot be compared so is no fact here.
CREATE VIEW lotwatch.fact_lot_event AS
WITH meant AS (
    SELECT
        identifier.item_id,
        event.source,
        event.source_key
    FROM lotwatch.item_identifier AS identifier
    INNER JOIN lotwatch.adverse_event AS event ON lotwatch.identifier_key(identifier.code) = lotwatch.identifier_key(event.udi_di)
    UNION
    SELECT
        identifier.item_id,
        event.source,
        event.source_key
    FROM lotwatch.item_identifier AS identifier
    INNER JOIN lotwatch.device_record AS device
        ON lotwatch.identifier_key(identifier.code) = lotwatch.identifier_key(device.udi_di)
    CROSS JOIN LATERAL (VALUES (device.catalogue_number), (device.model)) AS own (number)
    INNER JOIN lotwatch.adverse_event AS event
        ON
            lotwatch.number_key(own.number) = lotwatch.number_key(event.catalogue_number)
            AND lotwatch.maker_key(device.company) = lotwatch.maker_key(event.maker)
),

-- the very number, or each of a list
said AS (
    SELECT
        event.source,
        event.source_key,
        lotwatch.number_key(event.lot_number) AS key
    FROM lotwatch.adverse_event AS event
    WHERE event.lot_number IS NOT NULL
    UNION
    SELECT
        event.source,
        event.source_key,
        unnest(reading.lots)
    FROM lotwatch.adverse_event AS event
    INNER JOIN lotwatch.recall_event_reading AS reading
        ON
            event.source = reading.source AND event.source_key = reading.source_key
            AND event.lot_number = reading.said
),

named AS (
    SELECT
        lot.item_id,
        lot.lot_id,
        event.report,
        event.event_type,
        event.received_on
    FROM meant
    INNER JOIN lotwatch.adverse_event AS event ON meant.source = event.source AND meant.source_key = event.source_key
    INNER JOIN said ON meant.source = said.source AND meant.source_key = said.source_key
    INNER JOIN lotwatch.lot AS lot ON meant.item_id = lot.item_id AND said.key = lotwatch.number_key(lot.number)
    WHERE
        event.received_on <= ((SELECT lotwatch.as_of()) AT TIME ZONE 'UTC')::date
        AND event.received_on > ((SELECT lotwatch.as_of()) AT TIME ZONE 'UTC')::date - 365
),

counted AS (
    SELECT
        named.item_id,
        named.lot_id,
        count(DISTINCT named.report) AS reports,
        count(DISTINCT named.report) FILTER (
            WHERE named.received_on > ((SELECT lotwatch.as_of()) AT TIME ZONE 'UTC')::date - 90
        ) AS recent_reports,
        count(DISTINCT named.report) FILTER (WHERE named.event_type = 'death') AS deaths,
        count(DISTINCT named.report) FILTER (WHERE named.event_type = 'injury') AS injuries,
        max(named.received_on) AS last_on
    FROM named
    GROUP BY named.item_id, named.lot_id
),

-- by lists: only those items' stock is read, and what is held is worked out once
lot_stock AS (
    SELECT
        stock.item_id,
        stock.lot_id,
        sum(stock.quantity) AS physical,
        sum(stock.quantity) FILTER (WHERE stock.status = 'unrestricted' AND stock.sound) AS usable
    FROM lotwatch.stock_state AS stock
    WHERE
        stock.item_id = ANY(ARRAY(SELECT counted.item_id FROM counted))
        AND stock.lot_id = ANY(ARRAY(SELECT counted.lot_id FROM counted))
    GROUP BY stock.item_id, stock.lot_id
)

SELECT
    item.code || '/' || lot.number AS subject_key,
    counted.item_id,
    counted.lot_id,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    lot.number AS lot_number,
    counted.reports,
    counted.recent_reports,
    counted.deaths,
    counted.injuries,
    ((SELECT lotwatch.as_of()) AT TIME ZONE 'UTC')::date - counted.last_on AS days_since,
    coalesce(lot_stock.physical, 0)::bigint AS physical,
    coalesce(lot_stock.usable, 0)::bigint AS usable,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine
FROM counted
INNER JOIN lotwatch.item AS item ON counted.item_id = item.item_id
INNER JOIN lotwatch.lot AS lot ON counted.lot_id = lot.lot_id
LEFT JOIN lot_stock ON counted.item_id = lot_stock.item_id AND counted.lot_id = lot_stock.lot_id;

COMMENT ON VIEW lotwatch.fact_lot_event IS 'One row for each lot that reports of adverse events of the last year name.';
COMMENT ON COLUMN lotwatch.fact_lot_event.subject_key IS 'what an alert is about: item code / lot number';
COMMENT ON COLUMN lotwatch.fact_lot_event.item_id IS 'our number of the item';
COMMENT ON COLUMN lotwatch.fact_lot_event.lot_id IS 'our number of the lot';
COMMENT ON COLUMN lotwatch.fact_lot_event.item_code IS 'code of the item';
COMMENT ON COLUMN lotwatch.fact_lot_event.item_name IS 'name of the item';
COMMENT ON COLUMN lotwatch.fact_lot_event.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_lot_event.criticality IS 'life_supporting, critical or standard';
COMMENT ON COLUMN lotwatch.fact_lot_event.lot_number IS 'number of the lot';
COMMENT ON COLUMN lotwatch.fact_lot_event.reports IS 'reports that an authority received in the last 365 days and that name the lot (reports)';
COMMENT ON COLUMN lotwatch.fact_lot_event.recent_reports IS 'of reports: received in the last 90 days (reports)';
COMMENT ON COLUMN lotwatch.fact_lot_event.deaths IS 'of reports: somebody died (reports)';
COMMENT ON COLUMN lotwatch.fact_lot_event.injuries IS 'of reports: somebody was hurt (reports)';
COMMENT ON COLUMN lotwatch.fact_lot_event.days_since IS 'days since the last of them was received (days)';
COMMENT ON COLUMN lotwatch.fact_lot_event.physical IS 'stock of the lot on all sites (base units)';
COMMENT ON COLUMN lotwatch.fact_lot_event.usable IS 'of physical: unrestricted, not held, not expired (base units)';
COMMENT ON COLUMN lotwatch.fact_lot_event.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

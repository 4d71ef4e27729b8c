-- What happens to goods on their way: packages and their contents, what tracking tells, temperatures and what was exposed.

-- Their order's number, for an order line that is not named by its own key.
ALTER TABLE stage.delivery_line
ADD COLUMN order_number text COLLATE "C",
ADD COLUMN order_line_number integer;
COMMENT ON COLUMN stage.delivery_line.order_number IS 'number of the purchase order that it fulfils, where its line''s key is not told';
COMMENT ON COLUMN stage.delivery_line.order_line_number IS 'position of the line in that order as the supplier tells it; null: not told';

-- Something put into a package (SSCC), taken out of it or seen in it. Without a child: all that is in it.
CREATE TABLE stage.package_event (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    sscc text COLLATE "C",
    action text,
    child_sscc text COLLATE "C",
    item_code text COLLATE "C",
    udi_di text COLLATE "C",
    lot_number text COLLATE "C",
    serial_number text COLLATE "C",
    quantity numeric,
    unit text,
    occurred_at timestamptz,
    takes_back text COLLATE "C",
    stated jsonb,
    PRIMARY KEY (batch_id, record_no)
);
COMMENT ON COLUMN stage.package_event.takes_back IS 'source_key of the row of the same source that did not happen as told';

CREATE TABLE lotwatch.package_event (
    source text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    sscc text COLLATE "C" NOT NULL,
    action text NOT NULL CHECK (action IN ('add', 'observe', 'delete')),
    child_sscc text COLLATE "C",
    item_id bigint REFERENCES lotwatch.item,
    lot_id bigint NOT NULL DEFAULT 0,
    serial_id bigint NOT NULL DEFAULT 0,
    quantity bigint CHECK (quantity > 0),
    occurred_at timestamptz NOT NULL,
    takes_back text COLLATE "C",
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, source_key)
);
COMMENT ON TABLE lotwatch.package_event IS 'what was put into packages, taken out of them or seen in them; without a child: all that was in it';
COMMENT ON COLUMN lotwatch.package_event.sscc IS 'GS1 serial shipping container code (18 digits) of the package';
COMMENT ON COLUMN lotwatch.package_event.child_sscc IS 'the package within it; null: an item, or all that is in it';
COMMENT ON COLUMN lotwatch.package_event.quantity IS 'base units; null: some of the item, it is not said how many';
COMMENT ON COLUMN lotwatch.package_event.takes_back IS 'source_key of the row that did not happen as told';
CREATE INDEX package_event_sscc ON lotwatch.package_event (sscc);
CREATE INDEX package_event_child ON lotwatch.package_event (child_sscc) WHERE child_sscc IS NOT NULL;
CREATE INDEX package_event_taken_back ON lotwatch.package_event (source, takes_back) WHERE takes_back IS NOT NULL;
CREATE TRIGGER package_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.package_event
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.package_event FROM lotwatch_app;

-- What is directly in a package at a moment. What has a number of its own (a package, a serial unit) is there if it was last
-- put in or seen; of the rest there is what was put in less what was taken out since all was last taken out, or, of what
-- nobody put in, what was last seen.
CREATE FUNCTION lotwatch.packed_in(package text, moment timestamptz) RETURNS TABLE (
    child_sscc text,
    item_id bigint,
    lot_id bigint,
    serial_id bigint,
    quantity numeric,
    since timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10 AS $$
    WITH happened AS (
        SELECT e.*
        FROM lotwatch.package_event AS e
        WHERE
            e.sscc = package AND e.occurred_at <= moment AND e.takes_back IS NULL
            AND NOT EXISTS (
                SELECT 1 FROM lotwatch.package_event AS t
                WHERE t.source = e.source AND t.takes_back = e.source_key
            )
    ),

    since AS (
        SELECT h.*
        FROM happened AS h
        WHERE
            num_nonnulls(h.child_sscc, h.item_id) > 0
            AND h.occurred_at > (
                SELECT coalesce(max(e.occurred_at), '-infinity')
                FROM happened AS e
                WHERE e.action = 'delete' AND e.child_sscc IS NULL AND e.item_id IS NULL
            )
    ),

    numbered AS (
        SELECT DISTINCT ON (s.child_sscc, s.serial_id) s.*
        FROM since AS s
        WHERE s.child_sscc IS NOT NULL OR s.serial_id <> 0
        ORDER BY s.child_sscc, s.serial_id, s.occurred_at DESC, s.action = 'delete' DESC, s.source_key DESC
    ),

    counted AS (
        SELECT
            s.item_id,
            s.lot_id,
            coalesce(
                sum(s.quantity) FILTER (WHERE s.action = 'add'),
                (array_agg(s.quantity ORDER BY s.occurred_at DESC, s.source_key DESC) FILTER (WHERE s.action = 'observe'))[1]
            ) AS put_in,
            coalesce(sum(s.quantity) FILTER (WHERE s.action = 'delete'), 0) AS taken,
            bool_or(s.action = 'delete' AND s.quantity IS NULL) AS all_taken,
            min(s.occurred_at) AS occurred_at
        FROM since AS s
        WHERE s.child_sscc IS NULL AND s.serial_id = 0
        GROUP BY s.item_id, s.lot_id
    )

    SELECT n.child_sscc, n.item_id, n.lot_id, n.serial_id, n.quantity::numeric, n.occurred_at
    FROM numbered AS n
    WHERE n.action <> 'delete'
    UNION ALL
    SELECT NULL, c.item_id, c.lot_id, 0, c.put_in - c.taken, c.occurred_at
    FROM counted AS c
    WHERE NOT c.all_taken AND coalesce(c.put_in, 1) - c.taken > 0
$$;

-- What items are in a package at a moment, in it and in the packages within it; `within`: directly in which of them.
CREATE FUNCTION lotwatch.content_of(package text, moment timestamptz) RETURNS TABLE (
    within text,
    item_id bigint,
    lot_id bigint,
    serial_id bigint,
    quantity numeric,
    since timestamptz
)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10 AS $$
    WITH RECURSIVE inside AS (
        SELECT package COLLATE "C" AS sscc
        UNION
        SELECT c.child_sscc COLLATE "C"
        FROM inside AS i
        CROSS JOIN LATERAL lotwatch.packed_in(i.sscc, moment) AS c
        WHERE c.child_sscc IS NOT NULL
    )

    SELECT i.sscc, c.item_id, c.lot_id, c.serial_id, c.quantity, c.since
    FROM inside AS i
    CROSS JOIN LATERAL lotwatch.packed_in(i.sscc, moment) AS c
    WHERE c.item_id IS NOT NULL
$$;

-- A package and all that were ever said to be in it, or in those.
CREATE FUNCTION lotwatch.ever_within(package text) RETURNS SETOF text
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10 AS $$
    WITH RECURSIVE inside AS (
        SELECT package COLLATE "C" AS sscc
        UNION
        SELECT e.child_sscc
        FROM inside AS i
        INNER JOIN lotwatch.package_event AS e ON e.sscc = i.sscc
        WHERE e.child_sscc IS NOT NULL
    )

    SELECT i.sscc FROM inside AS i
$$;

-- What is in each package now.
CREATE VIEW lotwatch.package_content AS
SELECT
    p.sscc,
    c.within,
    c.item_id,
    c.lot_id,
    c.serial_id,
    c.quantity,
    c.since
FROM (SELECT DISTINCT e.sscc FROM lotwatch.package_event AS e) AS p
CROSS JOIN LATERAL lotwatch.content_of(p.sscc, 'infinity') AS c;

-- What happened to a package, a delivery or a thing. One row for each of them that an event names.
CREATE TABLE stage.tracking_event (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    event_key text COLLATE "C",
    event_type text,
    action text,
    biz_step text,
    disposition text,
    occurred_at timestamptz,
    recorded_at timestamptz,
    location_code text COLLATE "C",
    read_point text,
    to_location text COLLATE "C",
    sscc text COLLATE "C",
    delivery_key text COLLATE "C",
    delivery_number text COLLATE "C",
    order_number text COLLATE "C",
    item_code text COLLATE "C",
    udi_di text COLLATE "C",
    lot_number text COLLATE "C",
    serial_number text COLLATE "C",
    quantity numeric,
    unit text,
    transactions jsonb,
    error_reason text,
    error_declared_at timestamptz,
    corrected_by text[],
    announces boolean,
    takes_back text COLLATE "C",
    stated jsonb,
    PRIMARY KEY (batch_id, record_no)
);

CREATE TABLE lotwatch.tracking_event (
    source text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    event_key text COLLATE "C" NOT NULL,
    event_type text NOT NULL,
    action text,
    biz_step text,
    disposition text,
    occurred_at timestamptz NOT NULL,
    stated_at timestamptz,
    location_id bigint REFERENCES lotwatch.location,
    place text,
    read_point text,
    destination_id bigint REFERENCES lotwatch.location,
    sscc text COLLATE "C",
    delivery_key text COLLATE "C",
    delivery_number text COLLATE "C",
    order_number text COLLATE "C",
    item_id bigint REFERENCES lotwatch.item,
    lot_id bigint NOT NULL DEFAULT 0,
    serial_id bigint NOT NULL DEFAULT 0,
    quantity bigint,
    transactions jsonb NOT NULL DEFAULT '[]',
    error_reason text,
    error_declared_at timestamptz,
    corrected_by text[],
    announces boolean,
    takes_back text COLLATE "C",
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, source_key)
);
COMMENT ON TABLE lotwatch.tracking_event IS 'what is told of packages, deliveries and things on their way; nothing of it moves stock';
COMMENT ON COLUMN lotwatch.tracking_event.event_key IS 'the event''s identity in its source: rows of one event share it';
COMMENT ON COLUMN lotwatch.tracking_event.biz_step IS 'what was done, by its name in CBV 2.0: shipping, receiving, ...';
COMMENT ON COLUMN lotwatch.tracking_event.disposition IS 'the state it is in since, by its name in CBV 2.0: in_transit, damaged, ...';
COMMENT ON COLUMN lotwatch.tracking_event.stated_at IS 'when the source recorded it (recordTime)';
COMMENT ON COLUMN lotwatch.tracking_event.location_id IS 'where it was; null: not said, or at a place that is not ours, named in `place`';
COMMENT ON COLUMN lotwatch.tracking_event.sscc IS 'the package it happened to; null: a delivery or a thing';
COMMENT ON COLUMN lotwatch.tracking_event.delivery_key IS 'the despatch advice as GLN:number, else the event that shipped it';
COMMENT ON COLUMN lotwatch.tracking_event.quantity IS 'base units; null: not said';
COMMENT ON COLUMN lotwatch.tracking_event.transactions IS '[{"type": po, desadv, inv, rma, ..., "number": its number, "party": GLN of who gave it or null}]';
COMMENT ON COLUMN lotwatch.tracking_event.takes_back IS 'source_key of the row that did not happen as told, for `error_reason`';
COMMENT ON COLUMN lotwatch.tracking_event.announces IS 'a delivery of the package with what is in it, which no other document tells';
COMMENT ON COLUMN lotwatch.tracking_event.corrected_by IS 'events that say what happened instead';
CREATE INDEX tracking_event_sscc ON lotwatch.tracking_event (sscc, occurred_at) WHERE sscc IS NOT NULL;
CREATE INDEX tracking_event_delivery ON lotwatch.tracking_event (delivery_key, occurred_at) WHERE delivery_key IS NOT NULL;
CREATE INDEX tracking_event_lot ON lotwatch.tracking_event (lot_id, occurred_at) WHERE lot_id <> 0;
CREATE INDEX tracking_event_serial ON lotwatch.tracking_event (serial_id) WHERE serial_id <> 0;
CREATE INDEX tracking_event_item ON lotwatch.tracking_event (item_id, occurred_at) WHERE item_id IS NOT NULL;
CREATE INDEX tracking_event_taken_back ON lotwatch.tracking_event (source, takes_back) WHERE takes_back IS NOT NULL;
CREATE TRIGGER tracking_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.tracking_event
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.tracking_event FROM lotwatch_app;

-- What is told and was not declared an error.
CREATE VIEW lotwatch.tracking AS
SELECT e.*
FROM lotwatch.tracking_event AS e
WHERE
    e.takes_back IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM lotwatch.tracking_event AS t
        WHERE t.source = e.source AND t.takes_back = e.source_key
    );

-- When packages and deliveries were received, and at which site.
CREATE VIEW lotwatch.receipt_told AS
SELECT
    e.sscc,
    e.delivery_key,
    l.site_id,
    min(e.occurred_at) AS received_at
FROM lotwatch.tracking AS e
INNER JOIN lotwatch.location AS l ON l.location_id = e.location_id
WHERE e.biz_step IN ('receiving', 'accepting') AND l.site_id IS NOT NULL
GROUP BY e.sscc, e.delivery_key, l.site_id;

-- A temperature of a place, a package or a delivery.
CREATE TABLE stage.temperature_reading (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    location_code text COLLATE "C",
    sscc text COLLATE "C",
    delivery_key text COLLATE "C",
    celsius numeric,
    measured_at timestamptz,
    sensor text,
    takes_back text COLLATE "C",
    stated jsonb,
    PRIMARY KEY (batch_id, record_no)
);

CREATE TABLE lotwatch.temperature_reading (
    source text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    location_id bigint REFERENCES lotwatch.location,
    sscc text COLLATE "C",
    delivery_key text COLLATE "C",
    celsius numeric NOT NULL,
    measured_at timestamptz NOT NULL,
    sensor text,
    takes_back text COLLATE "C",
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, source_key),
    CHECK (num_nonnulls(location_id, sscc, delivery_key) = 1)
);
COMMENT ON COLUMN lotwatch.temperature_reading.celsius IS 'degrees Celsius, as exact as it was told';
COMMENT ON COLUMN lotwatch.temperature_reading.location_id IS 'the place that was measured; null: a package or a delivery';
COMMENT ON COLUMN lotwatch.temperature_reading.takes_back IS 'source_key of the reading that is declared an error';
CREATE INDEX temperature_reading_measured ON lotwatch.temperature_reading USING brin (measured_at) WITH (autosummarize = on);
CREATE INDEX temperature_reading_place ON lotwatch.temperature_reading (location_id, measured_at) WHERE location_id IS NOT NULL;
CREATE INDEX temperature_reading_sscc ON lotwatch.temperature_reading (sscc, measured_at) WHERE sscc IS NOT NULL;
CREATE INDEX temperature_reading_delivery ON lotwatch.temperature_reading (delivery_key, measured_at) WHERE delivery_key IS NOT NULL;
CREATE INDEX temperature_reading_taken_back ON lotwatch.temperature_reading (source, takes_back) WHERE takes_back IS NOT NULL;
CREATE TRIGGER temperature_reading_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.temperature_reading
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.temperature_reading FROM lotwatch_app;

-- A time outside of an allowed range, as one sensor measured it. It grows with what is told later.
CREATE TABLE lotwatch.excursion (
    excursion_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE GENERATED ALWAYS AS ('EX-' || lpad(excursion_id::text, 6, '0')) STORED,
    location_id bigint REFERENCES lotwatch.location,
    sscc text COLLATE "C",
    delivery_key text COLLATE "C",
    sensor text NOT NULL,
    allowed_min_c numeric(5, 1),
    allowed_max_c numeric(5, 1),
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    is_over boolean NOT NULL,
    coldest_c numeric NOT NULL,
    warmest_c numeric NOT NULL,
    minutes numeric NOT NULL GENERATED ALWAYS AS (round(extract(EPOCH FROM ended_at - started_at) / 60, 1)) STORED,
    beyond_tolerance boolean NOT NULL,
    withdrawn boolean NOT NULL DEFAULT FALSE,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    CHECK (num_nonnulls(location_id, sscc, delivery_key) = 1),
    CHECK (num_nonnulls(allowed_min_c, allowed_max_c) > 0),
    CHECK (ended_at >= started_at)
);
COMMENT ON TABLE lotwatch.excursion IS 'times outside of the range that a place keeps or a thing in it, a package or a delivery needs';
COMMENT ON COLUMN lotwatch.excursion.location_id IS 'the place, with everything under it; null: a package or a delivery';
COMMENT ON COLUMN lotwatch.excursion.allowed_min_c IS 'degrees Celsius; null: no lower limit';
COMMENT ON COLUMN lotwatch.excursion.allowed_max_c IS 'degrees Celsius; null: no upper limit';
COMMENT ON COLUMN lotwatch.excursion.started_at IS 'the first reading outside';
COMMENT ON COLUMN lotwatch.excursion.ended_at IS 'the first reading inside after it; while there is none, the last reading outside';
COMMENT ON COLUMN lotwatch.excursion.coldest_c IS 'the coldest reading of it, degrees Celsius';
COMMENT ON COLUMN lotwatch.excursion.minutes IS 'from started_at to ended_at';
COMMENT ON COLUMN lotwatch.excursion.beyond_tolerance IS 'longer than the time outside that is tolerated: what was exposed is held';
COMMENT ON COLUMN lotwatch.excursion.withdrawn IS 'what is known by now says that there was none; its holds are for a person to release';
CREATE INDEX excursion_place ON lotwatch.excursion (location_id, started_at) WHERE location_id IS NOT NULL;
CREATE INDEX excursion_sscc ON lotwatch.excursion (sscc) WHERE sscc IS NOT NULL;
CREATE INDEX excursion_delivery ON lotwatch.excursion (delivery_key) WHERE delivery_key IS NOT NULL;

-- On the board: of a place as its stock is; of packages on their way, for who sees all sites.
DO $$
DECLARE
    sees_all constant text := '(SELECT lotwatch.user_sees_all())';
    of_place constant text := sees_all || ' OR location_id IN'
        ' (SELECT place.location_id FROM lotwatch.location AS place WHERE place.site_id IS NOT NULL)';
BEGIN
    CALL lotwatch.show_on_board('lotwatch.tracking_event'::regclass, of_place);
    CALL lotwatch.show_on_board('lotwatch.temperature_reading'::regclass, of_place);
    CALL lotwatch.show_on_board('lotwatch.excursion'::regclass, of_place);
    CALL lotwatch.show_on_board('lotwatch.package_event'::regclass, sees_all);
END
$$;

CREATE VIEW lotwatch.fact_item_site AS
WITH quantity AS (
    SELECT
        item_id,
        site_id,
        sum(quantity) AS physical,
        sum(quantity) FILTER (WHERE held) AS held,
        sum(quantity) FILTER (WHERE expired) AS expired,
        sum(quantity) FILTER (WHERE status = 'inspection' AND sound) AS in_inspection,
        sum(quantity) FILTER (WHERE status = 'unrestricted' AND sound) AS usable,
        -sum(quantity) FILTER (WHERE quantity < 0 AND serial_id = 0 AND lot_id <> 0) AS negative,
        -sum(quantity) FILTER (WHERE quantity < 0 AND serial_id = 0 AND lot_id = 0) AS without_lot,
        count(*) FILTER (WHERE in_conflict AND quantity > 0) AS in_conflict,
        sum(quantity) FILTER (WHERE owner = 'own') AS own,
        sum(quantity) FILTER (WHERE owner = 'consigned') AS consigned,
        -- few lots end soon or wait for release: what follows from them is worked out for their item-sites alone
        array_agg(ROW(ends_on, quantity)::lotwatch.dated_quantity)
        FILTER (WHERE sound AND status <> 'blocked' AND ends_on < today + 90) AS ending,
        array_agg(ROW(ends_on, quantity)::lotwatch.dated_quantity)
        FILTER (WHERE sound AND status = 'unrestricted' AND ends_on < today + 90) AS usable_ending,
        array_agg(ROW(release_on, quantity)::lotwatch.dated_quantity)
        FILTER (WHERE status = 'inspection' AND sound AND release_on IS NOT NULL) AS releasing
    FROM lotwatch.stock_state
    GROUP BY item_id, site_id
),

inbound AS (
    SELECT
        line.item_id,
        line.site_id,
        sum(part.on_order) AS on_order,
        array_agg(ROW(part.day, part.quantity)::lotwatch.dated_quantity) FILTER (WHERE part.day IS NOT NULL) AS promised
    FROM lotwatch.order_line_open AS line
    LEFT JOIN (
        SELECT
            shipped.order_line_source,
            shipped.order_line_key,
            sum(shipped.counted)::bigint AS counted
        FROM lotwatch.order_line_sent AS shipped
        GROUP BY shipped.order_line_source, shipped.order_line_key
    ) AS sent ON line.source = sent.order_line_source AND line.source_key = sent.order_line_key
    CROSS JOIN
        LATERAL (
            SELECT
                line.outstanding - coalesce(sent.counted, 0) AS on_order,
                CASE WHEN line.confirmed IS NULL AND line.state = 'open' THEN line.promised_on END AS day,
                line.outstanding - coalesce(sent.counted, 0) AS quantity
            UNION ALL
            -- what its supplier has confirmed itself, part by part; what has come or is on its way was of the first parts
            SELECT
                0,
                confirmed.day,
                confirmed.ends - greatest(confirmed.begins, line.received + coalesce(sent.counted, 0))
            FROM (
                SELECT
                    said.day,
                    (sum(said.quantity) OVER days - said.quantity)::bigint AS begins,
                    (sum(said.quantity) OVER days)::bigint AS ends
                FROM unnest(line.confirmed) AS said
                WINDOW days AS (ORDER BY said.day ROWS UNBOUNDED PRECEDING)
            ) AS confirmed
            WHERE line.confirmed IS NOT NULL AND confirmed.ends > line.received + coalesce(sent.counted, 0)
        ) AS part
    GROUP BY line.item_id, line.site_id
),

-- between our sites; and what suppliers have sent of order lines, which is on order no more
moving AS (
    SELECT
        part.item_id,
        part.site_id,
        sum(part.quantity) AS in_transit,
        array_agg(ROW((part.expected_at AT TIME ZONE site.time_zone)::date, part.quantity)::lotwatch.dated_quantity)
        FILTER (WHERE part.expected_at IS NOT NULL) AS expected
    FROM (
        SELECT
            line.item_id,
            line.to_site_id AS site_id,
            line.quantity,
            line.expected_at
        FROM lotwatch.delivery_line_moving AS line
        WHERE line.from_site_id IS NOT NULL AND line.to_site_id IS NOT NULL
        UNION ALL
        SELECT
            sent.item_id,
            sent.site_id,
            sent.counted,
            sent.expected_at
        FROM lotwatch.order_line_sent AS sent
    ) AS part
    INNER JOIN lotwatch.location AS site ON part.site_id = site.location_id
    GROUP BY part.item_id, part.site_id
),

set_aside AS (
    SELECT
        item_id,
        site_id,
        sum(quantity) AS allocated
    FROM lotwatch.allocation_in_force
    GROUP BY item_id, site_id
),

wanted AS (
    SELECT
        item_id,
        site_id,
        sum(backordered) AS backordered
    FROM lotwatch.demand_line_open
    GROUP BY item_id, site_id
),

-- stock, a document or a policy: any of them makes an item known at a site
subject AS (
    SELECT
        item_id,
        site_id,
        coalesce(quantity.physical, 0)::bigint AS physical,
        coalesce(quantity.held, 0)::bigint AS held,
        coalesce(quantity.expired, 0)::bigint AS expired,
        coalesce(quantity.in_inspection, 0)::bigint AS in_inspection,
        coalesce(quantity.negative, 0)::bigint AS negative,
        coalesce(quantity.without_lot, 0)::bigint AS without_lot,
        coalesce(quantity.in_conflict, 0)::bigint AS in_conflict,
        coalesce(quantity.own, 0)::bigint AS own,
        coalesce(quantity.consigned, 0)::bigint AS consigned,
        coalesce(set_aside.allocated, 0)::bigint AS allocated,
        (coalesce(quantity.usable, 0) - coalesce(set_aside.allocated, 0))::bigint AS available,
        coalesce(moving.in_transit, 0)::bigint AS in_transit,
        coalesce(inbound.on_order, 0)::bigint AS on_order,
        coalesce(wanted.backordered, 0)::bigint AS backordered,
        quantity.ending,
        quantity.usable_ending,
        quantity.releasing,
        array_cat(inbound.promised, moving.expected) AS arriving,
        policy.average_daily_usage,
        policy.lead_time_days,
        policy.safety_stock,
        policy.reorder_point,
        policy.target_level,
        policy.max_level
    FROM quantity
    FULL JOIN inbound USING (item_id, site_id)
    FULL JOIN moving USING (item_id, site_id)
    FULL JOIN set_aside USING (item_id, site_id)
    FULL JOIN wanted USING (item_id, site_id)
    FULL JOIN lotwatch.policy_in_force AS policy USING (item_id, site_id)
),

-- what lies ahead is fenced in by `OFFSET 0`: worked out once, however many rules read it
measured AS (
    SELECT
        subject.*,
        site.today,
        ahead.*
    FROM subject
    INNER JOIN lotwatch.site_today AS site ON subject.site_id = site.site_id
    CROSS JOIN
        LATERAL (
            SELECT
                subject.available + known.released_in_time + known.arrives_in_time AS expected_usable,
                known.expiring_unused,
                subject.available + subject.in_inspection + subject.in_transit + subject.on_order - subject.backordered
                - known.expiring_unused AS inventory_position,
                round(greatest(subject.available, 0) / nullif(subject.average_daily_usage, 0), 1) AS days_of_cover,
                CASE
                    WHEN NOT subject.average_daily_usage > 0 THEN NULL
                    WHEN subject.arriving IS NULL
                        THEN least(floor(known.kept / subject.average_daily_usage), 36500)::integer
                    ELSE lotwatch.days_until_short(known.kept, subject.average_daily_usage, site.today, subject.arriving)
                END AS days_to_stockout
            FROM (
                SELECT
                    -- the first lots to end are used first; of what ends by a day, no more than the usage until then can be
                    -- used
                    CASE
                        WHEN subject.ending IS NOT NULL
                            THEN (
                                SELECT
                                    coalesce(max(greatest(
                                        0,
                                        floor(
                                            part.by_then
                                            - coalesce(subject.average_daily_usage, 0) * (part.day - site.today + 1)
                                        )
                                    )), 0)::bigint
                                FROM (
                                    SELECT
                                        lot.day,
                                        sum(lot.quantity) OVER (ORDER BY lot.day) AS by_then
                                    FROM unnest(subject.ending) AS lot
                                    WHERE lot.day < site.today + ceil(coalesce(subject.lead_time_days, 0))::integer
                                ) AS part
                            )
                        ELSE 0
                    END AS expiring_unused,
                    CASE
                        WHEN subject.releasing IS NOT NULL
                            THEN (
                                SELECT
                                    floor(coalesce(sum(lot.quantity), 0) * coalesce(
                                        (
                                            SELECT own.rate FROM lotwatch.inspection_pass_rate AS own
                                            WHERE own.item_id = subject.item_id
                                        ),
                                        (SELECT anyone.rate FROM lotwatch.company_pass_rate AS anyone)
                                    ))::bigint
                                FROM unnest(subject.releasing) AS lot
                                WHERE lot.day <= site.today + ceil(coalesce(subject.lead_time_days, 0))::integer
                            )
                        ELSE 0
                    END AS released_in_time,
                    CASE
                        WHEN subject.arriving IS NOT NULL
                            THEN (
                                SELECT coalesce(sum(part.quantity), 0)::bigint
                                FROM unnest(subject.arriving) AS part
                                WHERE part.day <= site.today + ceil(coalesce(subject.lead_time_days, 0))::integer
                            )
                        ELSE 0
                    END AS arrives_in_time,
                    -- what is wasted by then is the most that any day leaves unused
                    greatest(subject.available, 0) - CASE
                        WHEN subject.usable_ending IS NOT NULL
                            THEN (
                                SELECT
                                    coalesce(max(greatest(
                                        0, part.by_then - subject.average_daily_usage * (part.day - site.today + 1)
                                    )), 0)
                                FROM (
                                    SELECT
                                        lot.day,
                                        sum(lot.quantity) OVER (ORDER BY lot.day) AS by_then
                                    FROM unnest(subject.usable_ending) AS lot
                                ) AS part
                            )
                        ELSE 0
                    END AS kept
                FROM (SELECT 1) AS once
                OFFSET 0 -- noqa: AM09
            ) AS known
            OFFSET 0 -- noqa: AM09
        ) AS ahead
)

SELECT
    item.code || '@' || site.code AS subject_key,
    measured.item_id,
    measured.site_id,
    item.code AS item_code,
    item.name AS item_name,
    item.category,
    item.criticality,
    item.device_class,
    item.unit_cost,
    site.code AS site_code,
    site.name AS site_name,
    site.region,
    site.jurisdiction,
    site.supplied_by,
    measured.physical,
    measured.held,
    measured.expired,
    measured.in_inspection,
    measured.allocated,
    measured.available,
    measured.in_transit,
    measured.on_order,
    measured.backordered,
    measured.expiring_unused,
    measured.expected_usable,
    measured.inventory_position,
    measured.negative,
    measured.without_lot,
    measured.in_conflict,
    measured.average_daily_usage,
    measured.lead_time_days,
    measured.safety_stock,
    measured.reorder_point,
    measured.target_level,
    measured.max_level,
    measured.days_of_cover,
    measured.days_to_stockout,
    CASE
        WHEN measured.arriving IS NOT NULL THEN lotwatch.days_to_arrival(measured.today, measured.arriving)
    END AS days_to_arrival,
    measured.today - coalesce(seen.last_used_on, seen.first_seen_on) AS days_without_usage,
    measured.consigned,
    measured.own * item.unit_cost AS stock_value,
    greatest(measured.inventory_position - measured.max_level, 0) * item.unit_cost AS excess_value,
    EXISTS(
        SELECT 1 FROM lotwatch.item_in_quarantine AS waiting
        WHERE waiting.item_code = item.code
    ) AS data_in_quarantine
FROM measured
INNER JOIN lotwatch.item AS item ON measured.item_id = item.item_id
INNER JOIN lotwatch.location AS site ON measured.site_id = site.location_id
LEFT JOIN lotwatch.item_site_usage AS seen ON measured.item_id = seen.item_id AND measured.site_id = seen.site_id
WHERE item.active;

COMMENT ON VIEW lotwatch.fact_item_site IS 'One row for each item at each site.';
COMMENT ON COLUMN lotwatch.fact_item_site.subject_key IS 'what an alert is about: item code @ site code';
COMMENT ON COLUMN lotwatch.fact_item_site.item_id IS 'our number of the item';
COMMENT ON COLUMN lotwatch.fact_item_site.site_id IS 'our number of the site';
COMMENT ON COLUMN lotwatch.fact_item_site.item_code IS 'code of the item';
COMMENT ON COLUMN lotwatch.fact_item_site.item_name IS 'name of the item';
COMMENT ON COLUMN lotwatch.fact_item_site.category IS 'category of the item; null: not told';
COMMENT ON COLUMN lotwatch.fact_item_site.criticality IS 'life_supporting, critical or standard';
COMMENT ON COLUMN lotwatch.fact_item_site.device_class IS 'class of the device, as its system says; null: not told';
COMMENT ON COLUMN lotwatch.fact_item_site.unit_cost IS 'cost of one base unit, in the company''s currency; null: not told';
COMMENT ON COLUMN lotwatch.fact_item_site.site_code IS 'code of the site';
COMMENT ON COLUMN lotwatch.fact_item_site.site_name IS 'name of the site';
COMMENT ON COLUMN lotwatch.fact_item_site.region IS 'region of the site; null: not told';
COMMENT ON COLUMN lotwatch.fact_item_site.jurisdiction IS 'whose device law holds at the site: cn, us or eu; null: another''s, or not told';
COMMENT ON COLUMN lotwatch.fact_item_site.supplied_by IS 'supplier: bought for; transfer: supplied by a distribution centre; null: neither, the site is not planned';
COMMENT ON COLUMN lotwatch.fact_item_site.physical IS 'what is there, whatever its state (base units)';
COMMENT ON COLUMN lotwatch.fact_item_site.held IS 'of physical: under a hold (base units)';
COMMENT ON COLUMN lotwatch.fact_item_site.expired IS 'of physical: past its last day of use (base units)';
COMMENT ON COLUMN lotwatch.fact_item_site.in_inspection IS 'waiting for inspection, neither held nor expired (base units)';
COMMENT ON COLUMN lotwatch.fact_item_site.allocated IS 'set aside for a demand, a transfer or a pick, of what could be used (base units)';
COMMENT ON COLUMN lotwatch.fact_item_site.available IS 'unrestricted, not held, not expired, known to be there, not allocated (base units); negative: more was used than was there, or set aside';
COMMENT ON COLUMN lotwatch.fact_item_site.in_transit IS 'sent by another site, or by a supplier who told which order line it fulfils, and not yet received (base units)';
COMMENT ON COLUMN lotwatch.fact_item_site.on_order IS 'ordered or drafted at a supplier, neither received nor, as far as it is told for the order line, in transit (base units)';
COMMENT ON COLUMN lotwatch.fact_item_site.backordered IS 'asked of the site for today or before, neither sent nor set aside (base units)';
COMMENT ON COLUMN lotwatch.fact_item_site.expiring_unused IS 'will pass its last day of use within the lead time, at most the next 90 days, before the mean usage reaches it (base units)';
COMMENT ON COLUMN lotwatch.fact_item_site.expected_usable IS 'available + what inspection should release (by due date, times the share that passes) and what is promised or expected to arrive, within the lead time (base units)';
COMMENT ON COLUMN lotwatch.fact_item_site.inventory_position IS 'available + in_inspection + in_transit + on_order - backordered - expiring_unused (base units)';
COMMENT ON COLUMN lotwatch.fact_item_site.negative IS 'left a place for which the books had none of that lot (base units): a receipt is missing, or the lot is wrong';
COMMENT ON COLUMN lotwatch.fact_item_site.without_lot IS 'used or sent without its lot, though lots are there (base units): any of them may be what was used';
COMMENT ON COLUMN lotwatch.fact_item_site.in_conflict IS 'serial numbers that were said to leave a place where they were not (base units)';
COMMENT ON COLUMN lotwatch.fact_item_site.average_daily_usage IS 'mean usage over all days of the history (base units a day); null: no policy yet';
COMMENT ON COLUMN lotwatch.fact_item_site.lead_time_days IS 'mean time from order to receipt (days); null: no policy yet';
COMMENT ON COLUMN lotwatch.fact_item_site.safety_stock IS 'against variation of usage and lead time (base units); null: no policy yet';
COMMENT ON COLUMN lotwatch.fact_item_site.reorder_point IS 'order when the inventory position is below it (base units); null: no policy yet';
COMMENT ON COLUMN lotwatch.fact_item_site.target_level IS 'order up to it (base units); null: no policy yet';
COMMENT ON COLUMN lotwatch.fact_item_site.max_level IS 'no order may lift the inventory position above it (base units); null: no policy yet';
COMMENT ON COLUMN lotwatch.fact_item_site.days_of_cover IS 'available / average_daily_usage, 0 where none is available (days); null: no policy yet, or no usage';
COMMENT ON COLUMN lotwatch.fact_item_site.days_to_stockout IS 'days until the mean usage of a day can no longer be met from what is available, less what will pass its last day of use unused within 90 days, and what is promised or expected from today on; a delivery that is late does not count; null: no policy yet, or no usage';
COMMENT ON COLUMN lotwatch.fact_item_site.days_to_arrival IS 'days until the next delivery that is promised or expected for today or later; null: none is';
COMMENT ON COLUMN lotwatch.fact_item_site.days_without_usage IS 'days since it was last used, or first seen where it never was, as planning last saw it; null: not seen by planning yet';
COMMENT ON COLUMN lotwatch.fact_item_site.consigned IS 'of physical: the supplier''s until it is used (base units)';
COMMENT ON COLUMN lotwatch.fact_item_site.stock_value IS 'of physical: our own, at unit cost (the company''s currency); null: cost not told';
COMMENT ON COLUMN lotwatch.fact_item_site.excess_value IS 'of the inventory position: above the maximum level, at unit cost (the company''s currency); null: cost not told, or no policy yet';
COMMENT ON COLUMN lotwatch.fact_item_site.data_in_quarantine IS 'records of this item are in quarantine: its figures may be wrong';

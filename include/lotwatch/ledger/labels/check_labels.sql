-- What is there to find about the labels of a batch's new receipts? Each is kept, and what must not be used before somebody
-- looked is held. How many failed?
WITH label AS (
    SELECT said.*
    FROM unnest(
        %(keys)s::text[], %(dis)s::text[], %(lots)s::text[], %(serials)s::text[], %(expiries)s::date[]
    ) AS said (source_key, di, lot_number, serial_number, usable_through)
),

-- what this very transaction has posted of the batch: looked up as a whole, not receipt by receipt
moved AS MATERIALIZED (
    SELECT fresh.*
    FROM lotwatch.movement AS fresh
    WHERE
        fresh.recorded_at = now() AND fresh.recorded_xid = pg_current_xact_id()::text::bigint
        AND fresh.batch_id = %(batch_id)s AND fresh.kind = 'movement'
),

receipt AS MATERIALIZED (
    SELECT
        moved.movement_id,
        moved.item_id,
        moved.to_location_id,
        moved.lot_id,
        moved.serial_id,
        moved.quantity,
        moved.occurred_at,
        batch.source,
        coalesce(staged.udi_di, label.di) AS udi_di,
        label.lot_number AS label_lot_number,
        label.serial_number AS label_serial_number,
        label.usable_through AS label_usable_through,
        coalesce(lot.number, lot_of_unit.number) AS lot_number,
        serial_unit.number AS serial_number,
        coalesce(serial_unit.usable_through, lot_of_unit.usable_through, lot.usable_through) AS usable_through,
        -- what was made while it was registered may be received afterwards
        coalesce(
            serial_unit.manufactured_on, lot_of_unit.manufactured_on, lot.manufactured_on, moved.occurred_at::date
        ) AS registered_on,
        item.label_lot,
        item.label_serial,
        item.label_expiry,
        item.registration_number,
        coalesce(
            item.criticality = any(%(criticality)s::text[]) OR item.device_class = any(%(device_class)s::text[])
            OR item.unit_cost >= %(unit_cost)s::numeric, FALSE
        ) AS high_value
    FROM stage.movement AS staged
    INNER JOIN lotwatch.batch AS batch ON staged.batch_id = batch.batch_id
    INNER JOIN moved ON staged.source_key = moved.source_event_id
    INNER JOIN lotwatch.location AS origin ON moved.from_location_id = origin.location_id
    INNER JOIN lotwatch.location AS destination ON moved.to_location_id = destination.location_id
    INNER JOIN lotwatch.item AS item ON moved.item_id = item.item_id
    LEFT JOIN lotwatch.lot AS lot ON moved.lot_id = lot.lot_id
    LEFT JOIN lotwatch.serial_unit AS serial_unit ON moved.serial_id = serial_unit.serial_id
    LEFT JOIN lotwatch.lot AS lot_of_unit ON serial_unit.lot_id = lot_of_unit.lot_id
    LEFT JOIN label ON staged.source_key = label.source_key
    WHERE
        staged.batch_id = %(batch_id)s AND staged.errors = '{}' AND staged.reverses_key IS NULL AND NOT batch.backfilled
        AND origin.kind = 'supplier' AND destination.holds_stock
        AND staged.occurred_at >= batch.as_of - %(days)s * interval '1 day'
),

-- what regulators' databases say of an item's device, the record learned last
device AS (
    SELECT DISTINCT ON (wanted.item_id)
        wanted.item_id,
        known.*
    FROM (SELECT DISTINCT receipt.item_id FROM receipt) AS wanted
    INNER JOIN lotwatch.item_identifier AS named ON wanted.item_id = named.item_id AND named.package_level = 'unit'
    INNER JOIN lotwatch.device_record AS known
        ON lotwatch.identifier_key(named.code) = lotwatch.identifier_key(known.udi_di)
    ORDER BY wanted.item_id, known.recorded_at DESC, known.source, known.source_key
),

-- whose the identifiers on the labels are: the item's own before another's
named AS MATERIALIZED (
    SELECT DISTINCT ON (wanted.item_id, wanted.udi_di)
        wanted.item_id AS receipt_item_id,
        wanted.udi_di,
        identifier.item_id,
        identifier.units_contained
    FROM (
        SELECT DISTINCT
            receipt.item_id,
            receipt.udi_di
        FROM receipt
    ) AS wanted
    INNER JOIN lotwatch.item_identifier AS identifier
        ON lotwatch.identifier_key(wanted.udi_di) = lotwatch.identifier_key(identifier.code)
    ORDER BY wanted.item_id, wanted.udi_di, identifier.item_id <> wanted.item_id, identifier.item_id
),

found AS (
    SELECT
        receipt.*,
        device.udi_di IS NOT NULL AS has_device,
        array_remove(
            ARRAY[
                CASE
                    WHEN
                        receipt.udi_di IS NOT NULL AND named.item_id IS NULL
                        AND lotwatch.identifier_key(receipt.udi_di) IS DISTINCT FROM lotwatch.identifier_key(device.udi_di)
                        AND NOT coalesce(jsonb_path_exists(
                            device.packages, '$[*] ? (@.udi_di == $di)', jsonb_build_object('di', receipt.udi_di)
                        ), FALSE)
                        THEN 'di_unknown'
                END,
                CASE WHEN named.item_id <> receipt.item_id THEN 'di_of_another_item' END,
                CASE
                    WHEN receipt.lot_number IS NULL AND coalesce(device.label_lot, receipt.label_lot) THEN 'lot_missing'
                    WHEN receipt.lot_number IS NOT NULL AND NOT device.label_lot THEN 'lot_unexpected'
                    WHEN receipt.label_lot_number <> receipt.lot_number THEN 'lot_differs'
                END,
                CASE
                    WHEN
                        receipt.serial_number IS NULL AND coalesce(device.label_serial, receipt.label_serial)
                        THEN 'serial_missing'
                    WHEN receipt.serial_number IS NOT NULL AND NOT device.label_serial THEN 'serial_unexpected'
                    WHEN receipt.label_serial_number <> receipt.serial_number THEN 'serial_differs'
                END,
                CASE
                    WHEN
                        EXISTS (
                            SELECT 1 FROM lotwatch.movement_flag AS flag
                            WHERE flag.movement_id = receipt.movement_id AND flag.flag = 'conflict'
                        )
                        THEN 'serial_elsewhere'
                END,
                CASE
                    WHEN
                        receipt.usable_through IS NULL AND coalesce(device.label_expiry, receipt.label_expiry)
                        THEN 'expiry_missing'
                    WHEN receipt.label_usable_through <> receipt.usable_through THEN 'expiry_differs'
                END,
                CASE
                    WHEN registered.known AND NOT registered.in_force THEN 'registration_not_in_force'
                END,
                CASE
                    WHEN
                        receipt.registration_number <> '' AND device.registration_number <> ''
                        AND strpos(device.registration_number, receipt.registration_number) = 0
                        THEN 'registration_differs'
                END,
                CASE
                    WHEN named.item_id = receipt.item_id AND mod(receipt.quantity, named.units_contained) <> 0
                        THEN 'package_quantity'
                END
            ], NULL
        ) AS findings
    FROM receipt
    LEFT JOIN device ON receipt.item_id = device.item_id
    LEFT JOIN named ON receipt.item_id = named.receipt_item_id AND receipt.udi_di = named.udi_di
    CROSS JOIN LATERAL (
        SELECT
            count(*) > 0 AS known,
            coalesce(bool_or(
                receipt.registered_on BETWEEN coalesce(credential.valid_from, '-infinity') AND credential.valid_through
            ), FALSE) AS in_force
        FROM lotwatch.credential AS credential
        WHERE credential.item_id = receipt.item_id AND credential.kind = 'registration'
    ) AS registered
),

kept AS (
    INSERT INTO lotwatch.udi_check (
        movement_id, item_id, location_id, lot_id, serial_id, udi_di, outcome, findings, high_value
    )
    SELECT
        movement_id,
        item_id,
        to_location_id,
        lot_id,
        serial_id,
        udi_di,
        CASE
            WHEN findings <> '{}' THEN 'failed'
            WHEN udi_di IS NULL AND label_usable_through IS NULL AND NOT has_device THEN 'not_verifiable'
            ELSE 'verified'
        END,
        findings,
        high_value
    FROM found
    ON CONFLICT (movement_id) DO NOTHING
    RETURNING movement_id, outcome
),

-- a unit, else a lot, wherever it goes; of what has neither, what is where it was received
held AS (
    INSERT INTO lotwatch.hold (
        cause, authority, item_id, lot_id, serial_id, location_id, reference, reason, placed_at, placed_by
    )
    SELECT
        'data',
        'data',
        found.item_id,
        nullif(found.lot_id, 0),
        nullif(found.serial_id, 0),
        CASE WHEN found.lot_id = 0 AND found.serial_id = 0 THEN found.to_location_id END,
        'UDI ' || found.movement_id,
        'label at receipt: ' || array_to_string(found.findings, ', '),
        found.occurred_at,
        found.source
    FROM found
    INNER JOIN kept ON found.movement_id = kept.movement_id
    WHERE found.high_value AND found.findings && %(findings)s::text[]
    ON CONFLICT (cause, item_id, lot_id, serial_id, location_id, reference) WHERE released_at IS NULL DO NOTHING
)

SELECT count(*) FILTER (WHERE outcome = 'failed') FROM kept;

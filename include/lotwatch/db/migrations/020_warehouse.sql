-- What a warehouse system is asked to do: hold and release stock, move it between sites, pick it for an order. It goes out
-- through the outbox, once; what the warehouse says of it comes back here, and is a hold's second clock.

CREATE TABLE lotwatch.warehouse_task (
    warehouse_task_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reference text COLLATE "C" NOT NULL UNIQUE GENERATED ALWAYS AS ('LW-WT-' || lpad(warehouse_task_id::text, 6, '0')) STORED,
    warehouse text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('hold', 'release', 'transfer', 'pick')),
    hold_id bigint REFERENCES lotwatch.hold,
    returns_task_id bigint REFERENCES lotwatch.warehouse_task,
    site_id bigint NOT NULL REFERENCES lotwatch.location,
    from_location_id bigint NOT NULL REFERENCES lotwatch.location,
    to_location_id bigint REFERENCES lotwatch.location,
    demand_order_key text COLLATE "C",
    wanted_on date,
    state text NOT NULL DEFAULT 'requested' CHECK (
        state IN ('requested', 'written', 'acknowledged', 'refused', 'cancelled')
    ),
    their_number text COLLATE "C",
    their_state text,
    error text,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    written_at timestamptz,
    acknowledged_at timestamptz,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((kind IN ('hold', 'release')) = (hold_id IS NOT NULL)),
    CHECK ((kind = 'release') = (returns_task_id IS NOT NULL)),
    CHECK ((kind = 'pick') = (demand_order_key IS NOT NULL)),
    CHECK ((kind = 'pick') = (to_location_id IS NULL))
);
COMMENT ON TABLE lotwatch.warehouse_task IS 'what a warehouse system is asked to do, and what it said of it';
COMMENT ON COLUMN lotwatch.warehouse_task.warehouse IS 'name in include/config/warehouses.yaml';
COMMENT ON COLUMN lotwatch.warehouse_task.returns_task_id IS 'of a release: the hold''s task whose stock it brings back';
COMMENT ON COLUMN lotwatch.warehouse_task.site_id IS 'the site whose warehouse is asked';
COMMENT ON COLUMN lotwatch.warehouse_task.demand_order_key IS 'of a pick: the order it is picked for, by its own system''s key';
COMMENT ON COLUMN lotwatch.warehouse_task.wanted_on IS 'the day on which a transfer should arrive; null: not said';
COMMENT ON COLUMN lotwatch.warehouse_task.state IS
'requested: to be written; written: the warehouse system has it; acknowledged: it says it is done (held, moved, picked) or, '
'of a transfer, that it has begun; refused: it says no, or we gave up; cancelled: no longer wanted before it was written';
COMMENT ON COLUMN lotwatch.warehouse_task.acknowledged_at IS 'when we learned that it was done there, in UTC';
CREATE INDEX warehouse_task_open ON lotwatch.warehouse_task (warehouse, state) WHERE state IN ('requested', 'written');
CREATE INDEX warehouse_task_hold ON lotwatch.warehouse_task (hold_id) WHERE hold_id IS NOT NULL;
CREATE UNIQUE INDEX warehouse_task_returned ON lotwatch.warehouse_task (returns_task_id)
WHERE returns_task_id IS NOT NULL AND state NOT IN ('refused', 'cancelled');

CREATE TABLE lotwatch.warehouse_task_line (
    warehouse_task_id bigint NOT NULL REFERENCES lotwatch.warehouse_task,
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    lot_id bigint NOT NULL DEFAULT 0,
    serial_id bigint NOT NULL DEFAULT 0,
    location_id bigint NOT NULL REFERENCES lotwatch.location,
    quantity bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (warehouse_task_id, item_id, lot_id, serial_id, location_id)
);
COMMENT ON COLUMN lotwatch.warehouse_task_line.location_id IS 'the place that it is taken from';
COMMENT ON COLUMN lotwatch.warehouse_task_line.quantity IS 'base units';

ALTER TABLE lotwatch.outbox
DROP CONSTRAINT outbox_kind_check,
ADD CONSTRAINT outbox_kind_check CHECK (kind IN ('erp_draft', 'portal_order', 'warehouse_task', 'message'));

CALL lotwatch.show_on_board(
    'lotwatch.warehouse_task',
    '(SELECT lotwatch.user_sees_all()) OR site_id = ANY ((SELECT lotwatch.user_sites())::bigint[])'
);
CALL lotwatch.show_on_board(
    'lotwatch.warehouse_task_line',
    '(SELECT lotwatch.user_sees_all()) OR warehouse_task_id IN'
    ' (SELECT whole.warehouse_task_id FROM lotwatch.warehouse_task AS whole)'
);

-- What each hold in force covers of the stock there is now, whatever its status.
CREATE VIEW lotwatch.held_stock AS
WITH RECURSIVE place AS (
    SELECT
        hold.hold_id,
        hold.location_id
    FROM lotwatch.hold AS hold
    WHERE hold.released_at IS NULL AND hold.location_id IS NOT NULL
    UNION
    SELECT
        place.hold_id,
        below.location_id
    FROM place
    INNER JOIN lotwatch.location AS below ON place.location_id = below.parent_id
)

SELECT
    hold.hold_id,
    known.item_id,
    known.location_id,
    known.lot_id,
    known.serial_id,
    known.owner,
    known.status,
    known.quantity
FROM lotwatch.hold AS hold
INNER JOIN lotwatch.position AS known ON hold.item_id = known.item_id
LEFT JOIN lotwatch.serial_unit AS unit ON known.serial_id = unit.serial_id
LEFT JOIN place ON hold.hold_id = place.hold_id AND known.location_id = place.location_id
WHERE
    hold.released_at IS NULL
    AND (hold.lot_id IS NULL OR hold.lot_id = coalesce(unit.lot_id, known.lot_id))
    AND (hold.serial_id IS NULL OR hold.serial_id = known.serial_id)
    AND (hold.location_id IS NULL OR place.location_id IS NOT NULL)
UNION ALL
SELECT
    hold.hold_id,
    known.item_id,
    known.location_id,
    known.lot_id,
    known.serial_id,
    known.owner,
    known.status,
    known.quantity
FROM lotwatch.hold AS hold
INNER JOIN place ON hold.hold_id = place.hold_id
INNER JOIN lotwatch.position AS known ON place.location_id = known.location_id
WHERE hold.released_at IS NULL AND hold.item_id IS NULL;

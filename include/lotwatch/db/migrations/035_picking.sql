-- Picks: which lot, from which place, at which stop of the walk, for which line of demand; and the turn of what waits already.

CREATE TABLE lotwatch.pick (
    proposal_id bigint NOT NULL,
    item_id bigint NOT NULL,
    lot_id bigint NOT NULL,
    serial_id bigint NOT NULL,
    location_id bigint NOT NULL,
    source text COLLATE "C" NOT NULL,
    demand_line_key text COLLATE "C" NOT NULL,
    turn integer NOT NULL,
    stop integer NOT NULL CHECK (stop > 0),
    quantity bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (proposal_id, item_id, lot_id, serial_id, location_id, source, demand_line_key),
    FOREIGN KEY (proposal_id, item_id, lot_id, serial_id, location_id) REFERENCES lotwatch.proposal_line,
    FOREIGN KEY (source, demand_line_key) REFERENCES lotwatch.demand_order_line (source, source_key)
);
COMMENT ON TABLE lotwatch.pick IS 'what of a pick wave''s line is for which line of demand';
COMMENT ON COLUMN lotwatch.pick.turn IS 'whose turn it is when there is not enough for all: the lowest comes first';
COMMENT ON COLUMN lotwatch.pick.stop IS 'the stop of the walk at which it is taken';
COMMENT ON COLUMN lotwatch.pick.quantity IS 'base units';
CREATE INDEX pick_demand_line ON lotwatch.pick (source, demand_line_key);

ALTER TABLE lotwatch.warehouse_task_line ADD COLUMN stop integer;
COMMENT ON COLUMN lotwatch.warehouse_task_line.stop IS 'of a pick: the stop of the walk at which it is taken; null: no walk was laid';

-- A pick's tasks are one for each order: a proposal may have several.
ALTER TABLE lotwatch.warehouse_task
DROP CONSTRAINT warehouse_task_kind_check,
ADD CONSTRAINT warehouse_task_kind_check CHECK (kind IN ('hold', 'release', 'transfer', 'pick', 'priority')),
DROP CONSTRAINT warehouse_task_check2,
ADD CONSTRAINT warehouse_task_order_check CHECK ((kind IN ('pick', 'priority')) = (demand_order_key IS NOT NULL)),
DROP CONSTRAINT warehouse_task_check3,
ADD CONSTRAINT warehouse_task_place_check CHECK ((kind IN ('pick', 'priority')) = (to_location_id IS NULL));
COMMENT ON COLUMN lotwatch.warehouse_task.demand_order_key IS
'of a pick or priority: the order or delivery that it is for, by its own system''s key';
COMMENT ON COLUMN lotwatch.warehouse_task.wanted_on IS
'the day on which a transfer should arrive, or to which something is brought forward; null: not said';

CALL lotwatch.show_on_board(
    'lotwatch.pick',
    '(SELECT lotwatch.user_sees_all()) OR proposal_id IN (SELECT whole.proposal_id FROM lotwatch.proposal AS whole)'
);

-- What was sent for an order is found by the order's number.
CREATE INDEX demand_order_number ON lotwatch.demand_order (number) WHERE number IS NOT NULL;

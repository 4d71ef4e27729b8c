-- What a hold takes back: picks and transfers that a warehouse was told of, or has set aside by itself; and what may be used in place of
-- what is recalled.

ALTER TABLE lotwatch.warehouse_task
ADD COLUMN calls_back_task_id bigint REFERENCES lotwatch.warehouse_task,
DROP CONSTRAINT warehouse_task_kind_check,
ADD CONSTRAINT warehouse_task_kind_check CHECK (
    kind IN ('hold', 'release', 'transfer', 'pick', 'priority', 'call_back')
),
DROP CONSTRAINT warehouse_task_check,
ADD CONSTRAINT warehouse_task_hold_check CHECK ((kind IN ('hold', 'release', 'call_back')) = (hold_id IS NOT NULL)),
DROP CONSTRAINT warehouse_task_order_check,
ADD CONSTRAINT warehouse_task_order_check CHECK (
    CASE kind
        WHEN 'call_back' THEN num_nonnulls(demand_order_key, calls_back_task_id) = 1
        ELSE (kind IN ('pick', 'priority')) = (demand_order_key IS NOT NULL) AND calls_back_task_id IS NULL
    END
),
DROP CONSTRAINT warehouse_task_place_check,
ADD CONSTRAINT warehouse_task_place_check CHECK ((kind IN ('pick', 'priority', 'call_back')) = (to_location_id IS NULL));
COMMENT ON COLUMN lotwatch.warehouse_task.calls_back_task_id IS
'of a call-back of a transfer: the task that asked for it; null: what is called back is picked for an order, or nothing is';
COMMENT ON COLUMN lotwatch.warehouse_task.demand_order_key IS
'of a pick, priority or call-back: the order or delivery that it is for, by its own system''s key';
COMMENT ON COLUMN lotwatch.warehouse_task.state IS
'requested: to be written; written: the warehouse system has it; acknowledged: it says it is done (held, moved, picked, called '
'back) or, of a transfer, that it has begun; refused: it says no, or we gave up; cancelled: no longer wanted before it was '
'written, or called back';
CREATE UNIQUE INDEX warehouse_task_called_back
ON lotwatch.warehouse_task (warehouse, coalesce(demand_order_key, ''), coalesce(calls_back_task_id, 0))
WHERE kind = 'call_back' AND state IN ('requested', 'written');
CREATE INDEX warehouse_task_line_item ON lotwatch.warehouse_task_line (item_id);
COMMENT ON COLUMN lotwatch.recall_unit.whereabouts IS
'stock; in_transit: on the way to location_id, or from there out of the house; used: left location_id for a patient or customer; '
'possible: left it so without a lot or serial number while an affected one was there';

-- What may be used in place of an item, where, and who has said so.
CREATE TABLE lotwatch.item_substitute (
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    substitute_id bigint NOT NULL REFERENCES lotwatch.item,
    site_id bigint REFERENCES lotwatch.location,
    region text,
    approved_by text NOT NULL,
    valid_from date NOT NULL,
    valid_through date CHECK (valid_through >= valid_from),
    UNIQUE NULLS NOT DISTINCT (item_id, substitute_id, site_id, region, valid_from),
    CHECK (item_id <> substitute_id),
    CHECK (num_nonnulls(site_id, region) < 2)
);
COMMENT ON TABLE lotwatch.item_substitute IS 'which item may be used in place of another';
COMMENT ON COLUMN lotwatch.item_substitute.site_id IS 'where; null: in the region, or everywhere where that is null too';
COMMENT ON COLUMN lotwatch.item_substitute.approved_by IS 'who has said that it may, as the source names them';
COMMENT ON COLUMN lotwatch.item_substitute.valid_through IS 'the last day; null: until somebody says otherwise';
CREATE INDEX item_substitute_other ON lotwatch.item_substitute (substitute_id);
CALL lotwatch.show_on_board('lotwatch.item_substitute', '(SELECT lotwatch.user_is_known())');

CREATE TABLE stage.substitute (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    stated jsonb,
    item_code text COLLATE "C",
    substitute_code text COLLATE "C",
    site_code text COLLATE "C",
    region text,
    approved_by text,
    valid_from date,
    valid_through date,
    PRIMARY KEY (batch_id, record_no)
);

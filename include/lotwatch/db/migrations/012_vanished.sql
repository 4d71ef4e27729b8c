-- What another system no longer has: what it said last is remembered, so that a record which vanished can be withdrawn.
-- And what an ERP and its quality module say beside orders and inspections: order points and quality alerts.

-- The last row of each record of the entities that a source reconciles, as it was staged.
CREATE TABLE lotwatch.source_record (
    source text COLLATE "C" NOT NULL,
    entity text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    record jsonb NOT NULL,
    seen_at timestamptz NOT NULL,
    gone_at timestamptz,
    PRIMARY KEY (source, entity, source_key)
);
COMMENT ON TABLE lotwatch.source_record IS 'what a source said last of each record, to tell what is gone there; kept in the transaction that stages the rows';
COMMENT ON COLUMN lotwatch.source_record.record IS 'the columns of stage.<entity>, in the source''s own codes and units';
COMMENT ON COLUMN lotwatch.source_record.seen_at IS 'moment of the pull that read it last';
COMMENT ON COLUMN lotwatch.source_record.gone_at IS 'moment of the reconciliation that missed it; null: it was there';

CREATE TABLE lotwatch.source_reconciliation (
    source text COLLATE "C" NOT NULL,
    entity text COLLATE "C" NOT NULL,
    reconciled_at timestamptz NOT NULL,
    batch_id bigint REFERENCES lotwatch.batch,
    remembered bigint NOT NULL,
    vanished bigint NOT NULL,
    PRIMARY KEY (source, entity)
);
COMMENT ON TABLE lotwatch.source_reconciliation IS 'when a source was last asked for all that it has';
COMMENT ON COLUMN lotwatch.source_reconciliation.reconciled_at IS 'moment of that run';
COMMENT ON COLUMN lotwatch.source_reconciliation.batch_id IS 'what vanished or came back; null: nothing did';
COMMENT ON COLUMN lotwatch.source_reconciliation.remembered IS 'records that were thought to be there';
COMMENT ON COLUMN lotwatch.source_reconciliation.vanished IS 'of them, those that were not';

-- An agreement may end; another record of the same source about the same pair may have taken its place by then.
ALTER TABLE stage.agreement ADD COLUMN active boolean;
COMMENT ON COLUMN stage.agreement.active IS 'null: it is';
ALTER TABLE lotwatch.supplier_agreement
ADD COLUMN active boolean NOT NULL DEFAULT TRUE,
ADD COLUMN source text COLLATE "C",
ADD COLUMN source_key text COLLATE "C";
COMMENT ON COLUMN lotwatch.supplier_agreement.active IS 'false: nothing is ordered by it any more';
COMMENT ON COLUMN lotwatch.supplier_agreement.source_key IS 'the record of `source` that said it last: no other record of that source ends it; null: told before this was kept';

-- Goods that were to be inspected may turn out not to be.
ALTER TABLE lotwatch.inspection
DROP CONSTRAINT inspection_state_check,
ADD CONSTRAINT inspection_state_check CHECK (state IN ('pending', 'passed', 'failed', 'cancelled'));
COMMENT ON COLUMN lotwatch.inspection.state IS 'cancelled: it was called off, and says nothing of the lot';

CREATE TABLE stage.quality_alert (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    number text COLLATE "C",
    item_code text COLLATE "C",
    lot_number text COLLATE "C",
    location_code text COLLATE "C",
    inspection_key text COLLATE "C",
    title text,
    description text,
    state text,
    opened_at timestamptz,
    closed_at timestamptz,
    stated jsonb,
    PRIMARY KEY (batch_id, record_no)
);

CREATE TABLE lotwatch.quality_alert (
    source text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    number text COLLATE "C" NOT NULL,
    item_id bigint REFERENCES lotwatch.item,
    lot_id bigint REFERENCES lotwatch.lot,
    location_id bigint REFERENCES lotwatch.location,
    inspection_key text COLLATE "C",
    title text,
    description text,
    state text NOT NULL CHECK (state IN ('open', 'processing', 'deferred', 'resolved', 'cancelled')),
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, source_key)
);
COMMENT ON TABLE lotwatch.quality_alert IS 'what quality people were alerted to, as the quality system has it';
COMMENT ON COLUMN lotwatch.quality_alert.item_id IS 'null: it concerns no one item';
COMMENT ON COLUMN lotwatch.quality_alert.lot_id IS 'null: every lot of the item, or the system does not tell';
COMMENT ON COLUMN lotwatch.quality_alert.location_id IS 'where it was found, as nearly as the system tells; null: it does not';
COMMENT ON COLUMN lotwatch.quality_alert.inspection_key IS 'source_key of the inspection of the same source that raised it; null: none';
COMMENT ON COLUMN lotwatch.quality_alert.state IS 'deferred: seen, and put off; cancelled: called off';
COMMENT ON COLUMN lotwatch.quality_alert.closed_at IS 'when it was resolved or cancelled; null: it is neither';
CREATE INDEX quality_alert_item ON lotwatch.quality_alert (item_id) WHERE state NOT IN ('resolved', 'cancelled');
CREATE INDEX quality_alert_lot ON lotwatch.quality_alert (lot_id) WHERE lot_id IS NOT NULL;
CREATE INDEX quality_alert_inspection ON lotwatch.quality_alert (source, inspection_key) WHERE inspection_key IS NOT NULL;

-- The levels that another system orders by today: what a policy of ours is compared with, and takes over from.
CREATE TABLE stage.order_point (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    item_code text COLLATE "C",
    site_code text COLLATE "C",
    location_code text COLLATE "C",
    kind text,
    minimum bigint,
    target bigint,
    maximum bigint,
    active boolean,
    stated jsonb,
    PRIMARY KEY (batch_id, record_no)
);

CREATE TABLE lotwatch.order_point (
    source text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    site_id bigint NOT NULL REFERENCES lotwatch.location,
    location_id bigint NOT NULL REFERENCES lotwatch.location,
    kind text NOT NULL CHECK (kind IN ('purchase', 'transfer', 'production')),
    minimum bigint,
    target bigint NOT NULL,
    maximum bigint,
    active boolean NOT NULL DEFAULT TRUE,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, source_key)
);
COMMENT ON TABLE lotwatch.order_point IS 'the levels that another system orders or replenishes by; ours are in policy';
COMMENT ON COLUMN lotwatch.order_point.location_id IS 'the place that is kept at its level: the site as a whole, or a place in it';
COMMENT ON COLUMN lotwatch.order_point.kind IS 'how it is replenished: bought, moved there from another place, or made';
COMMENT ON COLUMN lotwatch.order_point.minimum IS 'replenish when it is below (base units); null: it is never replenished, only emptied above the maximum';
COMMENT ON COLUMN lotwatch.order_point.target IS 'replenish up to it (base units)';
COMMENT ON COLUMN lotwatch.order_point.maximum IS 'what is above it is moved elsewhere (base units); null: none is';
COMMENT ON COLUMN lotwatch.order_point.active IS 'false: that system has it no longer';
CREATE INDEX order_point_item ON lotwatch.order_point (item_id, site_id);

DO $$
DECLARE
    sees_all constant text := '(SELECT lotwatch.user_sees_all())';
    is_known constant text := '(SELECT lotwatch.user_is_known())';
    sites constant text := '(SELECT lotwatch.user_sites())';
BEGIN
    -- what was found about a lot concerns every site that has it
    CALL lotwatch.show_on_board('lotwatch.quality_alert', is_known);
    CALL lotwatch.show_on_board('lotwatch.order_point', format('%s OR site_id = ANY (%s::bigint[])', sees_all, sites));
END
$$;

-- What was read before is not remembered, and agreements have told no price breaks: it is read once more, and what is
-- known already changes nothing. A supplier's shipments are deliveries now.
DELETE FROM lotwatch.source_cursor
WHERE entity IN ('supplier', 'location', 'item', 'agreement', 'purchase_line', 'inspection', 'delivery_line');

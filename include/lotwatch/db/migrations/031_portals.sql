-- Suppliers' portals: how each is doing, what suppliers have answered, and what that changes.

-- What all workers must know of a portal before they ask it anything.
CREATE TABLE lotwatch.portal_state (
    portal text COLLATE "C" PRIMARY KEY,
    asked_at timestamptz[] NOT NULL DEFAULT '{}',
    failures integer NOT NULL DEFAULT 0,
    closed_until timestamptz,
    cursor text
) WITH (fillfactor = 50);
COMMENT ON COLUMN lotwatch.portal_state.portal IS 'name in include/config/portals.yaml';
COMMENT ON COLUMN lotwatch.portal_state.asked_at IS 'when it was asked something during the last minute';
COMMENT ON COLUMN lotwatch.portal_state.failures IS 'how often in a row it gave no usable answer';
COMMENT ON COLUMN lotwatch.portal_state.closed_until IS 'it is left alone until then; null: it is not';
COMMENT ON COLUMN lotwatch.portal_state.cursor IS 'of its list of answers: what comes after it is not read yet; null: nothing is';
CALL lotwatch.show_on_board('lotwatch.portal_state', '(SELECT lotwatch.user_sees_all())');

-- What suppliers said of an order: a row for each part of each line. Kept as it was said: of several answers to a line the
-- one that was issued last counts (ledger/orders/apply_answers.sql), whenever it came.
CREATE TABLE lotwatch.order_confirmation (
    order_confirmation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    portal text COLLATE "C" NOT NULL,
    answer_number text COLLATE "C" NOT NULL,
    issued_at timestamptz NOT NULL,
    order_number text COLLATE "C" NOT NULL,
    supplier_id bigint REFERENCES lotwatch.supplier,
    line_number integer,
    item_code text COLLATE "C",
    item_id bigint REFERENCES lotwatch.item,
    part integer NOT NULL,
    state text NOT NULL CHECK (state IN ('accepted', 'changed', 'rejected', 'pending')),
    quantity bigint CHECK (quantity >= 0),
    promised_on date,
    unit_price numeric(18, 4) CHECK (unit_price >= 0),
    reason text,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (portal, answer_number, issued_at, order_number, line_number, item_code, part)
);
COMMENT ON TABLE lotwatch.order_confirmation IS 'what a supplier answered to an order, in parts of its lines';
COMMENT ON COLUMN lotwatch.order_confirmation.portal IS 'name in include/config/portals.yaml';
COMMENT ON COLUMN lotwatch.order_confirmation.answer_number IS 'the supplier''s number of the answer';
COMMENT ON COLUMN lotwatch.order_confirmation.issued_at IS 'when the supplier wrote it, in UTC';
COMMENT ON COLUMN lotwatch.order_confirmation.order_number IS 'number of the order in the ERP';
COMMENT ON COLUMN lotwatch.order_confirmation.supplier_id IS
'whose order it is; null: no order of that number is known yet, and the answer changes nothing until one is';
COMMENT ON COLUMN lotwatch.order_confirmation.line_number IS 'the line as the answer names it; null: by its item, or the whole order';
COMMENT ON COLUMN lotwatch.order_confirmation.item_code IS 'the item as the answer names it; null: by its line number, or the whole order';
COMMENT ON COLUMN lotwatch.order_confirmation.item_id IS 'the item of that line; null: the whole order, or not found';
COMMENT ON COLUMN lotwatch.order_confirmation.state IS
'accepted: as asked; changed: so much, on that day; rejected: it will not come; pending: the supplier has not decided';
COMMENT ON COLUMN lotwatch.order_confirmation.quantity IS 'base units; null: all of it';
COMMENT ON COLUMN lotwatch.order_confirmation.promised_on IS 'when it should arrive; null: as asked where it is accepted, else not said';
COMMENT ON COLUMN lotwatch.order_confirmation.unit_price IS 'price of one base unit, in the order''s currency; null: not said';
CREATE INDEX order_confirmation_order ON lotwatch.order_confirmation (order_number);
CREATE INDEX order_confirmation_unknown ON lotwatch.order_confirmation (portal) WHERE supplier_id IS NULL;
CREATE TRIGGER order_confirmation_kept BEFORE DELETE OR TRUNCATE ON lotwatch.order_confirmation
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
CALL lotwatch.show_on_board(
    'lotwatch.order_confirmation',
    '(SELECT lotwatch.user_sees_all())'
    ' OR order_number IN (SELECT whole.order_number FROM lotwatch.purchase_order_line AS whole)'
    ' OR order_number IN (SELECT whole.erp_number FROM lotwatch.proposal AS whole)'
);

-- A quantity and a day that decides about it. (The views make it too: this is the first table to use it.)
DO $$
BEGIN
    CREATE TYPE lotwatch.dated_quantity AS (day date, quantity bigint);
EXCEPTION WHEN duplicate_object THEN NULL;
END
$$;

-- What the answers in force mean for each order line, kept so that no sweep has to work it out.
ALTER TABLE lotwatch.purchase_order_line
ADD COLUMN declined bigint NOT NULL DEFAULT 0 CHECK (declined >= 0),
ADD COLUMN confirmed lotwatch.dated_quantity[];
COMMENT ON COLUMN lotwatch.purchase_order_line.declined IS 'base units that the supplier will not deliver';
COMMENT ON COLUMN lotwatch.purchase_order_line.confirmed IS
'what the supplier will deliver, in parts by day (a part''s day is null: not said); null: it has not answered, or said nothing of this line';
CREATE INDEX purchase_order_line_confirmed ON lotwatch.purchase_order_line (item_id, site_id)
WHERE confirmed IS NOT NULL AND state IN ('draft', 'open');

ALTER TABLE lotwatch.proposal_line
ADD COLUMN declined bigint NOT NULL DEFAULT 0 CHECK (declined >= 0);
COMMENT ON COLUMN lotwatch.proposal_line.declined IS
'base units that the supplier will not deliver: they are committed no more, and may be ordered again';
COMMENT ON COLUMN lotwatch.proposal.portal_confirmation IS
'the portal''s number of a sent order; null: not sent yet, or the supplier has no portal and a buyer places the ERP''s draft';
CREATE INDEX proposal_erp_number ON lotwatch.proposal (erp_number) WHERE erp_number IS NOT NULL;

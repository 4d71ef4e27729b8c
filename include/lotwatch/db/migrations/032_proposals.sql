-- Proposals of every kind, not of purchase orders alone; each says why, what it costs and saves, and which steps of
-- approval its policy asks for.

ALTER TABLE lotwatch.proposal
DROP CONSTRAINT proposal_kind_check,
ADD CONSTRAINT proposal_kind_check CHECK (kind IN (
    'purchase_order', 'order_change', 'transfer', 'return_and_reship', 'pick', 'priority', 'hold', 'disposition', 'check',
    'exception', 'work_order'
)),
ALTER COLUMN supplier_id DROP NOT NULL,
ADD COLUMN from_site_id bigint REFERENCES lotwatch.location,
ADD COLUMN requested_by text NOT NULL DEFAULT 'rules',
ADD COLUMN revision integer NOT NULL DEFAULT 1,
ADD COLUMN policy_id text,
ADD COLUMN steps text[] NOT NULL DEFAULT '{}',
ADD COLUMN details jsonb NOT NULL DEFAULT '{}',
ADD COLUMN cost numeric(18, 4),
ADD COLUMN saves numeric(18, 4),
ADD COLUMN confidence numeric(5, 4) CHECK (confidence BETWEEN 0 AND 1),
ADD COLUMN alternatives jsonb NOT NULL DEFAULT '[]',
ADD COLUMN if_nobody_acts jsonb,
ADD CHECK (kind NOT IN ('purchase_order', 'order_change') OR supplier_id IS NOT NULL),
ADD CHECK (kind NOT IN ('transfer', 'return_and_reship') OR from_site_id IS NOT NULL);
COMMENT ON COLUMN lotwatch.proposal.site_id IS 'where it is needed; of a transfer, where it goes to';
COMMENT ON COLUMN lotwatch.proposal.from_site_id IS 'of a transfer: the site that gives';
COMMENT ON COLUMN lotwatch.proposal.requested_by IS 'who wanted it: a person''s user name, or the part of us that did';
COMMENT ON COLUMN lotwatch.proposal.revision IS 'counts what an approver changed: a decision is about one revision';
COMMENT ON COLUMN lotwatch.proposal.policy_id IS 'the approval policy that applies; null: not asked about yet';
COMMENT ON COLUMN lotwatch.proposal.steps IS 'the steps of approval that its policy asks for, in order';
COMMENT ON COLUMN lotwatch.proposal.details IS 'what only its kind has: a route, a disposition, the line it changes';
COMMENT ON COLUMN lotwatch.proposal.cost IS 'what doing it costs, in its currency; null: not known';
COMMENT ON COLUMN lotwatch.proposal.saves IS 'what doing it saves against the best alternative, in its currency; null: not known';
COMMENT ON COLUMN lotwatch.proposal.confidence IS 'how sure its inputs are, 0 to 1; null: not reckoned';
COMMENT ON COLUMN lotwatch.proposal.alternatives IS 'what else was considered: [{kind, cost, why_not}]';
COMMENT ON COLUMN lotwatch.proposal.if_nobody_acts IS 'what happens then, in both languages: {en, zh}';
CREATE INDEX proposal_under_way ON lotwatch.proposal (site_id, kind)
WHERE state IN ('proposed', 'waiting', 'approved', 'sending');

-- A line of stock names the lot or serial unit and the place it is taken from; a line of an order does not.
ALTER TABLE lotwatch.proposal_line
DROP CONSTRAINT proposal_line_pkey,
ADD COLUMN lot_id bigint NOT NULL DEFAULT 0,
ADD COLUMN serial_id bigint NOT NULL DEFAULT 0,
ADD COLUMN location_id bigint NOT NULL DEFAULT 0,
ADD PRIMARY KEY (proposal_id, item_id, lot_id, serial_id, location_id);
COMMENT ON COLUMN lotwatch.proposal_line.location_id IS 'the place stock is taken from; 0: none';
COMMENT ON COLUMN lotwatch.proposal_line.unit_price IS 'of an order its price, of stock its cost: for one base unit, in the proposal''s currency';

-- Who said what, of which step and revision.
ALTER TABLE lotwatch.approval
DROP CONSTRAINT approval_pkey,
ADD COLUMN revision integer NOT NULL DEFAULT 1,
ADD COLUMN approver text NOT NULL GENERATED ALWAYS AS (coalesce(decided_by, '')) STORED,
ADD COLUMN decided_as text NOT NULL DEFAULT 'approver' CHECK (decided_as IN ('approver', 'deputy', 'policy')),
ADD PRIMARY KEY (proposal_id, revision, step, approver);
COMMENT ON COLUMN lotwatch.approval.decided_by IS 'user name; of an automatic step, its policy; null: nobody answered in time';
-- one answer decides a step
CREATE UNIQUE INDEX approval_step ON lotwatch.approval (proposal_id, revision, step);

-- What a warehouse is asked for because of a proposal.
ALTER TABLE lotwatch.warehouse_task ADD COLUMN proposal_id bigint REFERENCES lotwatch.proposal;
CREATE INDEX warehouse_task_proposal ON lotwatch.warehouse_task (proposal_id) WHERE proposal_id IS NOT NULL;

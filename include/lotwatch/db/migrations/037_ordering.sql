-- Changes of orders that were sent, what of an order was billed, and refusals in both languages.

-- An order change is about one order of ours. Its lines say what changes of an item, `why` holds the item's parts (quantity and
-- day) before and after.
ALTER TABLE lotwatch.proposal
ADD COLUMN order_id bigint REFERENCES lotwatch.proposal,
ADD CONSTRAINT proposal_changes_an_order CHECK ((kind = 'order_change') = (order_id IS NOT NULL));
COMMENT ON COLUMN lotwatch.proposal.order_id IS 'of an order change: the proposal whose order it changes';
CREATE INDEX proposal_order ON lotwatch.proposal (order_id) WHERE order_id IS NOT NULL;

ALTER TABLE lotwatch.outbox
DROP CONSTRAINT outbox_kind_check,
ADD CONSTRAINT outbox_kind_check CHECK (kind IN (
    'erp_draft', 'portal_order', 'portal_change', 'erp_change', 'portal_case', 'warehouse_task', 'message',
    'message_delivery'
));

-- What we cancelled of an order line counts as on order no more, also while the ERP has not told of it yet.
ALTER TABLE stage.purchase_line ADD COLUMN invoiced_quantity bigint;
COMMENT ON COLUMN stage.purchase_line.invoiced_quantity IS 'base units on invoices that are posted; null: not told';
ALTER TABLE lotwatch.purchase_order_line
ADD COLUMN withdrawn bigint NOT NULL DEFAULT 0 CHECK (withdrawn >= 0),
ADD COLUMN invoiced_quantity bigint CHECK (invoiced_quantity >= 0);
COMMENT ON COLUMN lotwatch.purchase_order_line.withdrawn IS
'base units that we cancelled at the supplier and that the ERP''s quantity still contains';
COMMENT ON COLUMN lotwatch.purchase_order_line.invoiced_quantity IS 'base units on invoices that are posted; null: not told';

ALTER TABLE lotwatch.guard_event ADD COLUMN reason_zh text;
COMMENT ON COLUMN lotwatch.guard_event.reason IS 'why, in English';
COMMENT ON COLUMN lotwatch.guard_event.reason_zh IS 'why, in Chinese; null: written before reasons were in both languages';

-- Suppliers' invoices line by line: what was billed of an order line, at what price, and how often.

CREATE TABLE stage.invoice_line (
    batch_id bigint NOT NULL REFERENCES lotwatch.batch,
    record_no bigint GENERATED ALWAYS AS IDENTITY,
    source_key text COLLATE "C" NOT NULL,
    raw jsonb NOT NULL,
    errors text[],
    warnings text[],
    invoice_key text COLLATE "C",
    invoice_number text COLLATE "C",
    supplier_number text COLLATE "C",
    invoice_state text,
    supplier_code text COLLATE "C",
    order_line_key text COLLATE "C",
    item_code text COLLATE "C",
    quantity bigint,
    unit_price numeric,
    currency text COLLATE "C",
    invoiced_on date,
    stated jsonb,
    PRIMARY KEY (batch_id, record_no)
);
COMMENT ON COLUMN stage.invoice_line.invoice_key IS 'the invoice''s identity in its system: it has several lines, and no number while it is a draft';
COMMENT ON COLUMN stage.invoice_line.supplier_number IS 'the number that the supplier gave it';
COMMENT ON COLUMN stage.invoice_line.order_line_key IS 'source_key of the order line that it bills; of a credit note the one that was billed';
COMMENT ON COLUMN stage.invoice_line.quantity IS 'base units; negative: credited';
COMMENT ON COLUMN stage.invoice_line.unit_price IS 'price of one base unit';

CREATE TABLE lotwatch.invoice_line (
    source text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    invoice_key text COLLATE "C" NOT NULL,
    invoice_number text COLLATE "C",
    supplier_number text COLLATE "C",
    state text NOT NULL CHECK (state IN ('draft', 'posted', 'paid', 'cancelled')),
    order_line_source text COLLATE "C" NOT NULL,
    order_line_key text COLLATE "C" NOT NULL,
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    site_id bigint NOT NULL REFERENCES lotwatch.location,
    quantity bigint NOT NULL,
    unit_price numeric NOT NULL,
    currency text COLLATE "C" NOT NULL,
    invoiced_on date,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, source_key)
);
COMMENT ON TABLE lotwatch.invoice_line IS 'lines of suppliers'' invoices and credit notes about order lines, as the ERP has them';
COMMENT ON COLUMN lotwatch.invoice_line.invoice_key IS 'the invoice''s identity in its system';
COMMENT ON COLUMN lotwatch.invoice_line.invoice_number IS 'our number of it; null: it has none yet';
COMMENT ON COLUMN lotwatch.invoice_line.supplier_number IS 'the number that the supplier gave it; null: not told';
COMMENT ON COLUMN lotwatch.invoice_line.state IS 'draft: entered, not in the books yet; posted: in the books; cancelled: taken back as a whole, by a credit note too';
COMMENT ON COLUMN lotwatch.invoice_line.item_id IS 'the order line''s, as is the site';
COMMENT ON COLUMN lotwatch.invoice_line.quantity IS 'base units; negative: credited';
COMMENT ON COLUMN lotwatch.invoice_line.unit_price IS 'price of one base unit, in the invoice''s currency';
COMMENT ON COLUMN lotwatch.invoice_line.invoiced_on IS 'date of the invoice; null: not told';
CREATE INDEX invoice_line_order ON lotwatch.invoice_line (order_line_source, order_line_key);
CREATE INDEX invoice_line_day ON lotwatch.invoice_line (invoiced_on);
CREATE INDEX invoice_line_item ON lotwatch.invoice_line (item_id, site_id);
CALL lotwatch.show_on_board(
    'lotwatch.invoice_line',
    '(SELECT lotwatch.user_sees_all()) OR site_id = ANY ((SELECT lotwatch.user_sites())::bigint[])'
);

-- Order lines that wait to be posted, by the key that an invoice names.
CREATE VIEW lotwatch.waiting_order_line AS
SELECT DISTINCT ON (line.source_key)
    line.source_key,
    line.item_code,
    line.supplier_code
FROM lotwatch.batch AS batch
INNER JOIN stage.purchase_line AS line ON batch.batch_id = line.batch_id
WHERE batch.state IN ('staged', 'judged') AND line.errors = '{}'
ORDER BY line.source_key, line.batch_id DESC, line.record_no DESC;

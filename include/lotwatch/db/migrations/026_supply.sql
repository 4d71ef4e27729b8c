-- What rules about supply and the law need to know beside what is kept: how much of an order line was confirmed, how a
-- delivery's expected arrival moved, how suppliers delivered, in which country a place is.

ALTER TABLE stage.purchase_line ADD COLUMN confirmed_quantity bigint;
COMMENT ON COLUMN stage.purchase_line.confirmed_quantity IS 'base units the supplier confirmed; null: not told';
ALTER TABLE lotwatch.purchase_order_line ADD COLUMN confirmed_quantity bigint CHECK (confirmed_quantity >= 0);
COMMENT ON COLUMN lotwatch.purchase_order_line.confirmed_quantity IS 'base units the supplier confirmed; null: not told';
-- earlier orders of the same item from the same supplier, to compare a price with; a month's orders of a site
CREATE INDEX purchase_order_line_price ON lotwatch.purchase_order_line (item_id, supplier_id, ordered_on)
INCLUDE (unit_price, currency, state);
CREATE INDEX purchase_order_line_day ON lotwatch.purchase_order_line (ordered_on, site_id);

-- How each supplier delivered, as measured at a moment; what came of an order line counts up to what was ordered.
CREATE TABLE lotwatch.supplier_performance (
    supplier_id bigint NOT NULL REFERENCES lotwatch.supplier,
    measured_at timestamptz NOT NULL,
    due_lines bigint NOT NULL,
    on_time_lines bigint NOT NULL,
    short_lines bigint NOT NULL,
    doubtful_lines bigint NOT NULL,
    ordered numeric NOT NULL,
    received numeric NOT NULL,
    due_lines_before bigint NOT NULL,
    on_time_lines_before bigint NOT NULL,
    ordered_before numeric NOT NULL,
    received_before numeric NOT NULL,
    inspected_lots bigint NOT NULL,
    failed_lots bigint NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (supplier_id, measured_at)
);
COMMENT ON TABLE lotwatch.supplier_performance IS 'append-only: order lines due in the 90 days before measured_at; _before: in the year before those';
COMMENT ON COLUMN lotwatch.supplier_performance.on_time_lines IS 'of due_lines: came in full by the promised day, or the requested one where none was promised';
COMMENT ON COLUMN lotwatch.supplier_performance.short_lines IS 'of due_lines: closed with less than was ordered';
COMMENT ON COLUMN lotwatch.supplier_performance.doubtful_lines IS 'of due_lines: of items with records in quarantine';
COMMENT ON COLUMN lotwatch.supplier_performance.ordered IS 'base units on due_lines';
COMMENT ON COLUMN lotwatch.supplier_performance.inspected_lots IS 'lots that came from it and whose inspection was decided in the 180 days before';
CREATE TRIGGER supplier_performance_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.supplier_performance
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.supplier_performance FROM lotwatch_app;
CALL lotwatch.show_on_board('lotwatch.supplier_performance', '(SELECT lotwatch.user_is_known())');

-- Each time a delivery was expected at another moment than before.
CREATE TABLE lotwatch.eta_change (
    eta_change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id bigint NOT NULL REFERENCES lotwatch.delivery,
    expected_before timestamptz NOT NULL,
    expected_at timestamptz NOT NULL,
    told_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE lotwatch.eta_change IS 'append-only: how the expected arrival of deliveries moved';
COMMENT ON COLUMN lotwatch.eta_change.told_at IS 'moment of the pull that told it';
CREATE INDEX eta_change_delivery ON lotwatch.eta_change (delivery_id);
CREATE TRIGGER eta_change_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.eta_change
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.eta_change FROM lotwatch_app;
CALL lotwatch.show_on_board(
    'lotwatch.eta_change',
    '(SELECT lotwatch.user_sees_all()) OR delivery_id IN (SELECT whole.delivery_id FROM lotwatch.delivery AS whole)'
);

-- Whose device law holds in a country, as far as there are rules for it: China's, that of the United States, or the
-- Regulation (EU) 2017/745, which holds in the European Economic Area.
CREATE FUNCTION lotwatch.jurisdiction_of(country text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN country = 'CN' THEN 'cn'
    WHEN country = 'US' THEN 'us'
    WHEN country = ANY(string_to_array(
        'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK', ' '
    )) THEN 'eu'
END;

ALTER TABLE stage.location ADD COLUMN country text;
ALTER TABLE lotwatch.location
ADD COLUMN country text CHECK (country ~ '^[A-Z]{2}$'),
ADD COLUMN jurisdiction text GENERATED ALWAYS AS (lotwatch.jurisdiction_of(country)) STORED;
COMMENT ON COLUMN lotwatch.location.country IS
'ISO 3166-1 alpha-2: as its system tells, else that of its legal entity; null: not told';
COMMENT ON COLUMN lotwatch.location.jurisdiction IS 'whose device law holds there: cn, us or eu; null: another''s, or not told';
UPDATE lotwatch.location AS place
SET country = entity.country
FROM lotwatch.legal_entity AS entity
WHERE place.legal_entity_id = entity.legal_entity_id;

-- What rules about supply and the law need to know beside what is kept: how much of an order line was confirmed, how a
-- delivery's expected arrival moved, in which country a place is.

ALTER TABLE stage.purchase_line ADD COLUMN confirmed_quantity bigint;
COMMENT ON COLUMN stage.purchase_line.confirmed_quantity IS 'base units the supplier confirmed; null: not told';
ALTER TABLE lotwatch.purchase_order_line ADD COLUMN confirmed_quantity bigint CHECK (confirmed_quantity >= 0);
COMMENT ON COLUMN lotwatch.purchase_order_line.confirmed_quantity IS 'base units the supplier confirmed; null: not told';
-- earlier orders of the same item from the same supplier, to compare a price with; a month's orders of a site
CREATE INDEX purchase_order_line_price ON lotwatch.purchase_order_line (item_id, supplier_id, ordered_on)
INCLUDE (unit_price, currency, state);
CREATE INDEX purchase_order_line_ordered ON lotwatch.purchase_order_line (ordered_on, site_id);

-- What suppliers delivered is summed from this index alone, without the movements themselves.
DROP INDEX lotwatch.movement_order_line;
CREATE INDEX movement_order_line ON lotwatch.movement (order_line_key)
INCLUDE (quantity, lot_id, serial_id, to_location_id, occurred_at, recorded_at) WHERE order_line_key IS NOT NULL;

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

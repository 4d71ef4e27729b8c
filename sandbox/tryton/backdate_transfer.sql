-- Stamps a transfer as entered on its day.
UPDATE stock_shipment_internal
SET create_date = %(entered)s
WHERE id = %(shipment)s

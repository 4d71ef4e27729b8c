-- Stamps a customer's shipment as entered on the day it was ordered.
UPDATE stock_shipment_out
SET create_date = %(entered)s
WHERE id = %(shipment)s

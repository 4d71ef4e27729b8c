-- Stamps a purchase as entered on the day it was ordered, and not touched since.
UPDATE purchase_purchase
SET create_date = %(entered)s, write_date = NULL
WHERE id = %(purchase)s

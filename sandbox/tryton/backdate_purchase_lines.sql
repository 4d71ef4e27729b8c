-- Stamps a purchase's lines as entered on the day it was ordered.
UPDATE purchase_line
SET create_date = %(entered)s, write_date = NULL
WHERE purchase = %(purchase)s

-- Stamps an inspection as opened and closed on its days.
UPDATE quality_inspection
SET create_date = %(opened)s, write_date = %(closed)s, processed_at = %(closed)s
WHERE id = %(inspection)s

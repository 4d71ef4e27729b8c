-- Which notice is a supplier's letter of this number?
SELECT notice_id FROM lotwatch.notice
WHERE authority = 'supplier' AND issuer = %(supplier)s AND number = %(number)s;

-- When was the last answer to this order written?
SELECT max(issued_at) FROM lotwatch.order_confirmation
WHERE portal = %(portal)s AND order_number = %(order_number)s;

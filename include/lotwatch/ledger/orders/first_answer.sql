-- Has this portal ever answered to this order? Then it has it.
SELECT answer_number FROM lotwatch.order_confirmation
WHERE portal = %(portal)s AND order_number = %(order_number)s
ORDER BY order_confirmation_id
LIMIT 1;

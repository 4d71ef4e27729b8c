-- What is of an item in a place now?
SELECT sum(known.quantity)
FROM lotwatch.position AS known
WHERE known.item_id = %(item_id)s AND known.location_id = %(location_id)s;

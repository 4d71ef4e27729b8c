-- One firm makes a fifth of all items.
UPDATE lotwatch.item SET legal_manufacturer = %(firm)s
WHERE mod(item_id, 5) = 0;

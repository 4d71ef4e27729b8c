-- Whose device identifier is it?
SELECT DISTINCT item.code
FROM lotwatch.item_identifier AS identifier
INNER JOIN lotwatch.item AS item ON identifier.item_id = item.item_id
WHERE lotwatch.identifier_key(identifier.code) = lotwatch.identifier_key(%(di)s)
ORDER BY item.code;

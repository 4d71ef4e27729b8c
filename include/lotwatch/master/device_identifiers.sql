-- Under which identifiers are our items' devices in a regulator's database?
SELECT DISTINCT known.code
FROM lotwatch.item_identifier AS known
INNER JOIN lotwatch.item AS item ON known.item_id = item.item_id
WHERE item.active AND known.package_level = 'unit' AND known.agency <> 'NATIONAL';

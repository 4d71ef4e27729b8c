-- Who makes our items, as the items and the records of their devices have it?
SELECT item.legal_manufacturer AS name
FROM lotwatch.item AS item
WHERE item.legal_manufacturer IS NOT NULL
UNION
SELECT device.company
FROM lotwatch.item_identifier AS identifier
INNER JOIN lotwatch.device_record AS device
    ON lotwatch.identifier_key(identifier.code) = lotwatch.identifier_key(device.udi_di)
WHERE device.company IS NOT NULL;

-- Who makes these items, and those that came since, as the items and the records of their devices have it?
WITH concerned AS (
    SELECT
        item.item_id,
        item.legal_manufacturer
    FROM lotwatch.item AS item
    WHERE item.item_id > %(item_id)s OR item.item_id = ANY(%(items)s::bigint[])
)

SELECT concerned.legal_manufacturer AS name
FROM concerned
WHERE concerned.legal_manufacturer IS NOT NULL
UNION
SELECT device.company
FROM concerned
INNER JOIN lotwatch.item_identifier AS identifier ON concerned.item_id = identifier.item_id
INNER JOIN lotwatch.device_record AS device
    ON lotwatch.identifier_key(identifier.code) = lotwatch.identifier_key(device.udi_di)
WHERE device.company IS NOT NULL;

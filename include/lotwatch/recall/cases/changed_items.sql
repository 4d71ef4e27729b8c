-- Which items are called otherwise than when they were last compared with all notices, or are new? With what they are called now.
WITH identified AS (
    SELECT
        known.item_id,
        string_agg(known.code, ' ' ORDER BY known.code) AS codes
    FROM lotwatch.item_identifier AS known
    GROUP BY known.item_id
),

referred AS (
    SELECT
        theirs.our_code,
        string_agg(theirs.their_code, ' ' ORDER BY theirs.their_code) AS codes
    FROM lotwatch.cross_reference AS theirs
    WHERE theirs.kind = 'item'
    GROUP BY theirs.our_code
),

recorded AS (
    SELECT
        known.item_id,
        string_agg(
            concat_ws('|', device.udi_di, device.company, device.catalogue_number, device.model, device.packages::text), ' '
            ORDER BY device.udi_di
        ) AS devices
    FROM lotwatch.item_identifier AS known
    INNER JOIN lotwatch.device_record AS device
        ON lotwatch.identifier_key(known.code) = lotwatch.identifier_key(device.udi_di)
    GROUP BY known.item_id
),

named AS (
    SELECT
        item.item_id,
        md5(jsonb_build_array(
            item.code, item.name, item.legal_manufacturer, identified.codes, referred.codes, recorded.devices
        )::text) AS digest
    FROM lotwatch.item AS item
    LEFT JOIN identified ON item.item_id = identified.item_id
    LEFT JOIN referred ON item.code = referred.our_code
    LEFT JOIN recorded ON item.item_id = recorded.item_id
)

SELECT
    named.item_id,
    named.digest
FROM named
LEFT JOIN lotwatch.recall_compared_item AS compared ON named.item_id = compared.item_id
WHERE compared.digest IS DISTINCT FROM named.digest
ORDER BY named.item_id;

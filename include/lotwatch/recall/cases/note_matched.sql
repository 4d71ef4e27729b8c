-- The notice was compared with what is ours, as it says now; which firms it names, and what of ours they make.
UPDATE lotwatch.recall_reading AS reading SET
    matched_at = %(as_of)s,
    firms = %(firms)s::text[],
    firm_items = ARRAY(
        SELECT item.item_id
        FROM lotwatch.item AS item
        WHERE item.legal_manufacturer = ANY(%(names)s::text[])
        UNION
        SELECT identifier.item_id
        FROM lotwatch.device_record AS device
        INNER JOIN lotwatch.item_identifier AS identifier
            ON lotwatch.identifier_key(device.udi_di) = lotwatch.identifier_key(identifier.code)
        WHERE device.company = ANY(%(names)s::text[])
        ORDER BY item_id
        LIMIT 1000
    )
FROM lotwatch.notice_version AS version
WHERE reading.version_id = version.version_id AND version.notice_id = %(notice_id)s;

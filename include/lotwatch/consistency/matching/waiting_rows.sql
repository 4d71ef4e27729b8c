-- Which records of quarantine name this code? A device identifier means the same to every source.
SELECT waiting.quarantine_id
FROM lotwatch.quarantine AS waiting
CROSS JOIN LATERAL (SELECT lotwatch.as_stated(waiting.record) AS record) AS stated
WHERE
    waiting.state = 'open' AND waiting.record IS NOT NULL
    AND CASE
        WHEN %(kind)s = 'item'
            THEN
                waiting.source = %(system)s
                AND %(their_code)s IN (stated.record ->> 'item_code', stated.record ->> 'kit_item_code')
        ELSE
            stated.record ->> 'item_code' IS NULL
            AND lotwatch.identifier_key(stated.record ->> 'udi_di') = lotwatch.identifier_key(%(their_code)s)
    END
ORDER BY waiting.quarantine_id;

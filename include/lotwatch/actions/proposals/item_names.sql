-- What are a proposal's items called outside? One identifier of a single unit, GS1's first; the other system's own code.
SELECT
    item.code AS item_code,
    (
        SELECT known.code FROM lotwatch.item_identifier AS known
        WHERE
            known.item_id = item.item_id AND known.package_level = 'unit' AND known.units_contained = 1
            AND known.valid_through IS NULL
        ORDER BY known.agency <> 'GS1', known.code
        LIMIT 1
    ) AS udi_di,
    (
        SELECT reference.their_code FROM lotwatch.cross_reference AS reference
        WHERE reference.system = %(system)s AND reference.kind = 'item' AND reference.our_code = item.code
        ORDER BY reference.their_code
        LIMIT 1
    ) AS supplier_item_code
FROM lotwatch.proposal_line AS line
INNER JOIN lotwatch.item AS item ON line.item_id = item.item_id
WHERE line.proposal_id = %(proposal_id)s;

-- A refused line, or every line of an order that is refused as a whole, is no longer to be ordered.
UPDATE lotwatch.proposal_line SET refused = true
WHERE
    proposal_id = %(proposal_id)s
    AND (%(item_id)s::bigint IS null OR item_id = %(item_id)s::bigint);

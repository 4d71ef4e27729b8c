-- What the supplier will not deliver of an order (null: nothing of that item). Of which items is that new?
UPDATE lotwatch.proposal_line AS line
SET declined = least(coalesce(said.quantity, line.quantity), line.quantity)
FROM unnest(%(item_code)s::text[], %(quantity)s::bigint[]) AS said (item_code, quantity)
INNER JOIN lotwatch.item AS item ON said.item_code = item.code
WHERE
    line.proposal_id = %(proposal_id)s AND line.item_id = item.item_id
    AND line.declined <> least(coalesce(said.quantity, line.quantity), line.quantity)
RETURNING item.code;

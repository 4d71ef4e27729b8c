-- What we cancelled of an order is on order no more: of each item, from the lines that are wanted last.
WITH told AS (
    SELECT
        item.item_id,
        said.quantity
    FROM unnest(%(item_code)s::text[], %(quantity)s::bigint[]) AS said (item_code, quantity)
    INNER JOIN lotwatch.item AS item ON said.item_code = item.code
),

line AS (
    SELECT
        line.source,
        line.source_key,
        line.quantity - line.withdrawn AS most,
        told.quantity,
        coalesce(sum(line.quantity - line.withdrawn) OVER (
            PARTITION BY line.item_id
            ORDER BY line.requested_on DESC NULLS LAST, line.source_key
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0)::bigint AS before
    FROM told
    INNER JOIN lotwatch.purchase_order_line AS line ON told.item_id = line.item_id
    WHERE line.order_reference = %(order_reference)s AND line.state IN ('draft', 'open')
)

UPDATE lotwatch.purchase_order_line AS kept
SET withdrawn = kept.withdrawn + least(line.most, line.quantity - line.before)
FROM line
WHERE kept.source = line.source AND kept.source_key = line.source_key AND line.before < line.quantity;

-- Of each item of an order, how much does the answer in force decline? Null: all of it.
WITH newest AS (
    SELECT DISTINCT ON (answer.item_id) answer.*
    FROM lotwatch.order_confirmation AS answer
    WHERE answer.order_number = %(order_number)s AND answer.supplier_id IS NOT NULL AND answer.item_id IS NOT NULL
    ORDER BY answer.item_id, answer.issued_at DESC, answer.order_confirmation_id DESC
)

SELECT
    item.code AS item_code,
    CASE
        WHEN NOT bool_or(part.state = 'rejected' AND part.quantity IS NULL)
            THEN coalesce(sum(part.quantity) FILTER (WHERE part.state = 'rejected'), 0)::bigint
    END AS quantity
FROM newest
INNER JOIN lotwatch.item AS item ON newest.item_id = item.item_id
INNER JOIN lotwatch.order_confirmation AS part
    ON
        newest.order_number = part.order_number AND newest.portal = part.portal AND newest.item_id = part.item_id
        AND newest.answer_number = part.answer_number AND newest.issued_at = part.issued_at
GROUP BY item.code;

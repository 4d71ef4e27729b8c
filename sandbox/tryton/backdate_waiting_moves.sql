-- Stamps the moves that wait for a purchase's goods as made on the day it was ordered.
UPDATE stock_move
SET create_date = %(entered)s, write_date = NULL
FROM purchase_line
WHERE
    purchase_line.purchase = %(purchase)s
    AND stock_move.state = 'draft'
    AND stock_move.origin = 'purchase.line,' || purchase_line.id

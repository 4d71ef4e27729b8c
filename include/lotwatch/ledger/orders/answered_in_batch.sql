-- Which orders of a batch have suppliers answered already?
SELECT DISTINCT staged.order_number
FROM stage.purchase_line AS staged
WHERE
    staged.batch_id = %(batch_id)s AND staged.errors = '{}'
    AND EXISTS (
        SELECT 1 FROM lotwatch.order_confirmation AS answer
        WHERE answer.order_number = staged.order_number
    );

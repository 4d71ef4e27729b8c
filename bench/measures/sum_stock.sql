-- The stock of everything at the moment, position by position.
SELECT
    count(*),
    sum(stock.quantity)
FROM lotwatch.stock AS stock;

-- How much is there to measure on?
SELECT
    (SELECT count(*) FROM lotwatch.item) AS items,
    (SELECT count(*) FROM lotwatch.lot) AS lots,
    (SELECT count(*) FROM lotwatch.movement) AS movements,
    (SELECT count(*) FROM lotwatch.position) AS positions,
    (SELECT count(*) FROM lotwatch.purchase_order_line) AS order_lines,
    (SELECT count(*) FROM lotwatch.hold) AS holds,
    pg_database_size(current_database()) AS bytes;

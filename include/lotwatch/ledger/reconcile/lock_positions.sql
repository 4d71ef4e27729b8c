-- Nobody posts until the transaction ends; everybody may read.
LOCK TABLE lotwatch.position, lotwatch.order_line_receipt IN SHARE ROW EXCLUSIVE MODE;

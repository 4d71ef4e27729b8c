-- Nothing is derived yet: what is rebuilt is rebuilt from nothing.
TRUNCATE lotwatch.position, lotwatch.order_line_receipt;

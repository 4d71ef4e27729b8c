-- Which count has this code?
SELECT stocktake_id FROM lotwatch.stocktake
WHERE code = %(code)s;

-- Which site has this code?
SELECT location_id FROM lotwatch.location
WHERE code = %(code)s AND kind = 'site';

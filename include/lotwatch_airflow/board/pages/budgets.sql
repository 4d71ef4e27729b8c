-- How much of each site's budget of the month is spoken for, and how far it has come?
SELECT
    site_code,
    site_name,
    currency,
    amount,
    ordered,
    in_transit,
    accepted,
    invoiced,
    amount - committed AS free
FROM lotwatch.fact_budget
ORDER BY site_code;

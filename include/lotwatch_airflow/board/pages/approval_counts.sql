-- How much of what is listed is of which kind and currency?
SELECT
    kind,
    currency,
    count(*) AS proposals,
    sum(total) AS total,
    sum(lines) AS lines
FROM listed
GROUP BY kind, currency

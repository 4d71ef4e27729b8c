-- A site's budget of a month, when it differs from the one known. Answers what was known before.
INSERT INTO lotwatch.budget AS kept (site_id, period, amount, currency)
SELECT
    site.location_id,
    %(period)s,
    %(amount)s,
    %(currency)s
FROM lotwatch.location AS site
WHERE site.code = %(site)s AND site.kind = 'site'
ON CONFLICT (site_id, period) DO UPDATE
    SET amount = excluded.amount, currency = excluded.currency
    WHERE (kept.amount, kept.currency) IS DISTINCT FROM (excluded.amount, excluded.currency)
RETURNING old.amount;

-- Which sites, in which regions, is a message about that names these sites, and these proposals: where they are for and
-- where they take from?
SELECT
    code,
    region
FROM lotwatch.location
WHERE
    code = ANY(%(sites)s::text[])
    OR location_id IN (
        SELECT unnest(ARRAY[site_id, from_site_id])
        FROM lotwatch.proposal
        WHERE proposal_id = ANY(%(proposals)s::bigint[])
    );

-- Which sites, regions and categories are there, and which sources have told anything?
SELECT
    'sites' AS kind,
    code AS name
FROM lotwatch.location
WHERE kind = 'site'
UNION
SELECT
    'regions',
    region
FROM lotwatch.location
WHERE region IS NOT NULL
UNION
SELECT
    'categories',
    category
FROM lotwatch.item
WHERE category IS NOT NULL
UNION
SELECT
    'sources',
    source
FROM lotwatch.batch;

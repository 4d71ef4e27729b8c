-- Whose letters may be loaded?
SELECT
    code,
    name
FROM lotwatch.supplier
ORDER BY name, code

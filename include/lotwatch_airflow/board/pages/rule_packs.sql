-- From which folders do rules come?
SELECT DISTINCT pack
FROM lotwatch.rule_version
ORDER BY pack

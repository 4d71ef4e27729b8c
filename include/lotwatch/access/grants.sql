-- Who was given which sites?
SELECT
    person.user_name,
    person.limited,
    array_remove(array_agg(site.code ORDER BY site.code), NULL) AS sites
FROM lotwatch.person AS person
LEFT JOIN lotwatch.site_access AS given ON person.user_name = given.user_name
LEFT JOIN lotwatch.location AS site ON given.site_id = site.location_id
GROUP BY person.user_name
ORDER BY person.user_name;

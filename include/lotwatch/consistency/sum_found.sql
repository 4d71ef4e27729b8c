-- How many subjects were looked at, how many differ, and by how much?
SELECT
    coalesce(max(found.examined), 0) AS examined,
    count(found.subject_key) AS found,
    sum(abs(found.quantity)) AS quantity,
    sum(abs(found.value)) AS value
FROM found;

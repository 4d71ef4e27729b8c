-- What does the user see whom this transaction works for?
SELECT
    lotwatch.user_sees_all() AS everything,
    cardinality(lotwatch.user_sites()) AS sites;

-- Where a rule only watches, what it finds is counted and no more.
DELETE FROM finding
WHERE shadow;

-- The list of an earlier batch of the same transaction.
DROP TABLE IF EXISTS pg_temp.judged;

-- The keys of all records that a source has now, for this transaction.
CREATE TEMPORARY TABLE present (source_key text COLLATE "C" NOT NULL) ON COMMIT DROP;

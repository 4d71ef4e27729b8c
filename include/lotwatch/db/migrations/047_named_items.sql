-- Which notices name an item is asked whenever lots of one come.
CREATE INDEX recall_clause_reading ON lotwatch.recall_clause USING gin (reading jsonb_path_ops);
CREATE INDEX cross_reference_item ON lotwatch.cross_reference (our_code) WHERE kind = 'item';

-- Takes keys of records that a source has.
COPY present (source_key) FROM STDIN;

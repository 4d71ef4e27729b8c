-- Where a check puts what it finds, until its transaction ends.
CREATE TEMPORARY TABLE found (
    examined bigint NOT NULL,
    subject_key text COLLATE "C",
    item_id bigint,
    site_id bigint,
    quantity numeric,
    value numeric,
    evidence jsonb
) ON COMMIT DROP;

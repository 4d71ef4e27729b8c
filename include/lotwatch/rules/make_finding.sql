-- Where the compiled rules put what they find, until the transaction ends.
CREATE TEMPORARY TABLE IF NOT EXISTS finding (
    rule_id text NOT NULL,
    rule_version text NOT NULL,
    subject_kind text NOT NULL,
    subject_key text COLLATE "C" NOT NULL,
    severity text NOT NULL,
    subject jsonb NOT NULL,
    evidence jsonb NOT NULL,
    in_quarantine boolean NOT NULL,
    -- false: only an alert that is open already goes on (clear_when)
    fires boolean NOT NULL,
    -- the override of the rule that counts, and whether the rule only watches there
    variant integer NOT NULL,
    shadow boolean NOT NULL
) ON COMMIT DROP;

-- Rules, budgets and approval policies that are in force: what was submitted by one person and activated by another.

CREATE TABLE lotwatch.change_set (
    change_set_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('rules', 'budget', 'approval_policy')),
    content jsonb NOT NULL CHECK (jsonb_typeof(content) = 'object'),
    based_on bigint REFERENCES lotwatch.change_set,
    released boolean NOT NULL DEFAULT FALSE,
    reason text NOT NULL CHECK (length(reason) <= 2000),
    submitted_by text COLLATE "C" NOT NULL CHECK (submitted_by <> ''),
    submitted_at timestamptz NOT NULL,
    decision text CHECK (decision IN ('activated', 'rejected')),
    decided_by text COLLATE "C" CHECK (decided_by <> ''),
    decided_at timestamptz,
    CHECK (num_nonnulls(decision, decided_by, decided_at) IN (0, 3)),
    CONSTRAINT change_set_needs_a_second_person
    CHECK (released OR decision IS DISTINCT FROM 'activated' OR lower(trim(decided_by)) <> lower(trim(submitted_by)))
);
COMMENT ON COLUMN lotwatch.change_set.content IS
'all that would be in force. rules: version by rule; budget: currency and monthly amount by site; approval_policy: its steps';
COMMENT ON COLUMN lotwatch.change_set.based_on IS 'what was in force when it was submitted; null: nothing';
COMMENT ON COLUMN lotwatch.change_set.released IS
'true: what was shipped, in force from the first set-up on without a second person; once for each kind';
COMMENT ON COLUMN lotwatch.change_set.decision IS 'null: it waits for a second person';
CREATE UNIQUE INDEX change_set_released_once ON lotwatch.change_set (kind) WHERE released;
CREATE INDEX change_set_in_force ON lotwatch.change_set (kind, decided_at DESC, change_set_id DESC) WHERE decision = 'activated';
-- decided once; what was submitted stays as it was
CREATE TRIGGER change_set_decided_once BEFORE UPDATE ON lotwatch.change_set
FOR EACH ROW WHEN (old.decision IS NOT NULL) EXECUTE FUNCTION lotwatch.refuse_change();
CREATE TRIGGER change_set_kept BEFORE DELETE OR TRUNCATE ON lotwatch.change_set
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.change_set FROM lotwatch_app;
GRANT UPDATE (decision, decided_by, decided_at) ON lotwatch.change_set TO lotwatch_app;

-- The text of every rule that was ever submitted.
CREATE TABLE lotwatch.rule_version (
    rule_id text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    pack text NOT NULL,
    body jsonb NOT NULL,
    text text NOT NULL,
    submitted_at timestamptz NOT NULL,
    PRIMARY KEY (rule_id, version)
);
COMMENT ON COLUMN lotwatch.rule_version.pack IS 'the folder of its table: base, cn, us, eu, or one of the house';
COMMENT ON COLUMN lotwatch.rule_version.body IS 'what the rule says';
COMMENT ON COLUMN lotwatch.rule_version.text IS 'as it was written when it was first submitted';
CREATE TRIGGER rule_version_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.rule_version
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.rule_version FROM lotwatch_app;

-- Rules whose first evaluation finds what was so before they went live: told to nobody.
CREATE TABLE lotwatch.rule_baseline (
    rule_id text COLLATE "C" PRIMARY KEY,
    change_set_id bigint NOT NULL REFERENCES lotwatch.change_set
);
COMMENT ON TABLE lotwatch.rule_baseline IS 'a row leaves when the first evaluation is done';

ALTER TABLE lotwatch.alert ADD COLUMN variant integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN lotwatch.alert.variant IS 'the override of the rule that counts for it, counted from 1; 0: none';

-- budgets are of all sites
CALL lotwatch.show_on_board(
    'lotwatch.change_set', '(SELECT lotwatch.user_sees_all()) OR (kind = ''rules'' AND (SELECT lotwatch.user_is_known()))'
);
CALL lotwatch.show_on_board('lotwatch.rule_version', '(SELECT lotwatch.user_is_known())');

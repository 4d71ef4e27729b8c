-- What stops our actions at once, and what the guards look up.

-- A stop is put in force and lifted, never deleted: who stopped what, when and why can be read for ever.
CREATE TABLE lotwatch.stop_switch (
    stop_switch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope text NOT NULL CHECK (scope IN ('all', 'region', 'rule', 'supplier')),
    key text COLLATE "C" NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    lifted_by text,
    lifted_at timestamptz,
    CHECK ((scope = 'all') = (key = '')),
    CHECK ((lifted_at IS NULL) = (lifted_by IS NULL))
);
COMMENT ON TABLE lotwatch.stop_switch IS 'what may be neither asked for nor sent, from when until when';
COMMENT ON COLUMN lotwatch.stop_switch.key IS 'the region, rule id or supplier code that is stopped; empty: everything';
COMMENT ON COLUMN lotwatch.stop_switch.lifted_at IS 'when it ended; null: it is in force';
CREATE UNIQUE INDEX stop_switch_in_force ON lotwatch.stop_switch (scope, key) WHERE lifted_at IS NULL;
CREATE TRIGGER stop_switch_kept BEFORE DELETE OR TRUNCATE ON lotwatch.stop_switch
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.stop_switch FROM lotwatch_app;
GRANT UPDATE (lifted_by, lifted_at) ON lotwatch.stop_switch TO lotwatch_app;
CALL lotwatch.show_on_board('lotwatch.stop_switch', '(SELECT lotwatch.user_is_known())');

-- What was proposed on a day counts against that day's caps, and against orders split into several.
CREATE INDEX proposal_created ON lotwatch.proposal (created_at);

-- What levels are right, what is wrong, and what should be done about it.

-- A policy holds from a moment until the next one for the same item and site: append-only, this is the change log.
CREATE TABLE lotwatch.policy (
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    site_id bigint NOT NULL REFERENCES lotwatch.location,
    valid_from timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    average_daily_usage numeric(18, 6) NOT NULL,
    lead_time_days numeric(9, 2) NOT NULL,
    safety_stock bigint NOT NULL,
    reorder_point bigint NOT NULL,
    target_level bigint NOT NULL,
    max_level bigint NOT NULL,
    method text NOT NULL,
    inputs jsonb NOT NULL,
    reason text NOT NULL,
    set_by text NOT NULL,
    PRIMARY KEY (item_id, site_id, valid_from, recorded_at)
);
CREATE TRIGGER policy_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.policy
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.policy FROM lotwatch_app;

-- One row for each problem: a rule and its subject.
CREATE TABLE lotwatch.alert (
    alert_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule_id text NOT NULL,
    subject_kind text NOT NULL,
    subject_key text COLLATE "C" NOT NULL,
    rule_version text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    state text NOT NULL DEFAULT 'open'
    CHECK (state IN ('open', 'acknowledged', 'snoozed', 'resolved', 'suppressed')),
    subject jsonb NOT NULL,
    evidence jsonb NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    resolved_at timestamptz,
    recurrences integer NOT NULL DEFAULT 0,
    notified_at timestamptz,
    UNIQUE (rule_id, subject_key)
) WITH (fillfactor = 50);
COMMENT ON COLUMN lotwatch.alert.state IS 'suppressed: its inputs are in quarantine, so it can be neither trusted nor dismissed';
-- last_seen is in no index: a sweep writes it into every open alert (HOT updates, fillfactor)
CREATE INDEX alert_open ON lotwatch.alert (severity) WHERE state <> 'resolved';

-- What a backfilled run would have alerted on that day: read, never acted on.
CREATE TABLE lotwatch.backfilled_finding (
    dag_id text NOT NULL,
    run_id text NOT NULL,
    rule_id text NOT NULL,
    subject_key text COLLATE "C" NOT NULL,
    as_of timestamptz NOT NULL,
    severity text NOT NULL,
    evidence jsonb NOT NULL,
    PRIMARY KEY (dag_id, run_id, rule_id, subject_key)
);

-- What should be done: one order to one supplier for one site. code is our reference everywhere.
CREATE TABLE lotwatch.proposal (
    proposal_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE GENERATED ALWAYS AS ('LW-' || lpad(proposal_id::text, 6, '0')) STORED,
    kind text NOT NULL CHECK (kind IN ('purchase_order')),
    supplier_id bigint NOT NULL REFERENCES lotwatch.supplier,
    site_id bigint NOT NULL REFERENCES lotwatch.location,
    currency text NOT NULL,
    state text NOT NULL DEFAULT 'proposed' CHECK (state IN (
        'proposed', 'waiting', 'approved', 'rejected', 'timed_out', 'refused', 'sending', 'sent', 'failed'
    )),
    created_at timestamptz NOT NULL,
    asked_by_run text,
    ask_until timestamptz,
    erp_number text,
    portal_confirmation text,
    told_at timestamptz
);
COMMENT ON COLUMN lotwatch.proposal.state IS
'proposed -> waiting (asked) -> approved | rejected | timed_out; approved -> sending (ERP draft written) -> sent; '
'refused: a guard said no; failed: could not be sent, a person must look';

COMMENT ON COLUMN lotwatch.proposal.told_at IS 'when the buyers were told that it was sent';

CREATE TABLE lotwatch.proposal_line (
    proposal_id bigint NOT NULL REFERENCES lotwatch.proposal,
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    alert_id bigint REFERENCES lotwatch.alert,
    quantity bigint NOT NULL CHECK (quantity > 0),
    unit_price numeric(18, 4) NOT NULL,
    requested_on date NOT NULL,
    why jsonb NOT NULL,
    refused boolean NOT NULL DEFAULT false,
    PRIMARY KEY (proposal_id, item_id)
);

-- A guard's refusal, of a whole proposal or of one line, in words a buyer understands.
CREATE TABLE lotwatch.guard_event (
    guard_event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    proposal_id bigint NOT NULL REFERENCES lotwatch.proposal,
    item_id bigint REFERENCES lotwatch.item,
    guard text NOT NULL,
    stage text NOT NULL CHECK (stage IN ('ask', 'send')),
    reason text NOT NULL
);
CREATE INDEX guard_event_proposal ON lotwatch.guard_event (proposal_id);

-- Who said what. The sender checks this row, never only the task that asked.
CREATE TABLE lotwatch.approval (
    proposal_id bigint NOT NULL REFERENCES lotwatch.proposal,
    step text NOT NULL DEFAULT 'buyer',
    decision text NOT NULL CHECK (decision IN ('approved', 'rejected', 'timed_out')),
    decided_by text,
    decided_at timestamptz NOT NULL,
    note text,
    run_id text NOT NULL,
    PRIMARY KEY (proposal_id, step)
);
CREATE TRIGGER approval_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.approval
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.approval FROM lotwatch_app;

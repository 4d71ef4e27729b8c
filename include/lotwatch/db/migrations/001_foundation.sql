-- What every room leans on: the audit trail, the log of runs and the outbox.
-- Roles exist before the first migration (lotwatch_app reads and writes, lotwatch_board and
-- lotwatch_auditor read): one machine's set-up and docker-compose create them.

CREATE SCHEMA lotwatch;
CREATE SCHEMA stage;
GRANT USAGE ON SCHEMA lotwatch TO lotwatch_app, lotwatch_board, lotwatch_auditor;
GRANT USAGE ON SCHEMA stage TO lotwatch_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA lotwatch GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON TABLES TO lotwatch_app; -- noqa: PRS
ALTER DEFAULT PRIVILEGES IN SCHEMA lotwatch GRANT SELECT ON TABLES TO lotwatch_board, lotwatch_auditor;
ALTER DEFAULT PRIVILEGES IN SCHEMA lotwatch GRANT USAGE ON SEQUENCES TO lotwatch_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA stage GRANT SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON TABLES TO lotwatch_app; -- noqa: PRS
ALTER DEFAULT PRIVILEGES IN SCHEMA stage GRANT USAGE ON SEQUENCES TO lotwatch_app;

-- Refuses to change what is written once.
CREATE FUNCTION lotwatch.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING HINT = 'Write a new row that corrects the old one.';
END
$$;

-- Who or what did each thing, when and why. Written in the transaction of what it records.
CREATE TABLE lotwatch.audit_event (
    audit_event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    dag_id text,
    run_id text,
    task_id text,
    map_index integer,
    try_number integer,
    dag_version_id text,
    action text NOT NULL,
    object_kind text NOT NULL,
    object_id text NOT NULL,
    before jsonb,
    after jsonb,
    reason text
);
CREATE INDEX audit_event_object ON lotwatch.audit_event (object_kind, object_id);
CREATE INDEX audit_event_run ON lotwatch.audit_event (dag_id, run_id);
CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.audit_event
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.audit_event FROM lotwatch_app;

-- One row for each DAG run, written at its first try: as_of is reused when tasks are cleared.
CREATE TABLE lotwatch.run (
    dag_id text NOT NULL,
    run_id text NOT NULL,
    run_type text NOT NULL,
    as_of timestamptz NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (dag_id, run_id)
);
CREATE TRIGGER run_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.run
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.run FROM lotwatch_app;

-- What each try of each task did: counts (rows read, passed, quarantined, posted, alerts, actions) or its error.
CREATE TABLE lotwatch.run_log (
    run_log_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    dag_id text NOT NULL,
    run_id text NOT NULL,
    task_id text NOT NULL,
    map_index integer NOT NULL,
    try_number integer NOT NULL,
    counts jsonb NOT NULL DEFAULT '{}',
    error text,
    FOREIGN KEY (dag_id, run_id) REFERENCES lotwatch.run
);
CREATE INDEX run_log_run ON lotwatch.run_log (dag_id, run_id);
CREATE INDEX run_log_recorded ON lotwatch.run_log (recorded_at);
CREATE TRIGGER run_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.run_log
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.run_log FROM lotwatch_app;

-- What must leave the house, once each. A row is claimed by one worker, which holds its lock while it sends.
CREATE TABLE lotwatch.outbox (
    outbox_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('erp_draft', 'portal_order', 'message')),
    idempotency_key text NOT NULL UNIQUE,
    payload jsonb NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'unclear', 'sent', 'refused', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    not_before timestamptz NOT NULL DEFAULT now(),
    last_error text,
    response jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz
);
COMMENT ON COLUMN lotwatch.outbox.state IS
'waiting: to be sent; unclear: sent, no clear answer, to be looked up before anything is sent again; '
'sent: accepted; refused: a guard or the recipient said no; failed: given up, a person must look';
CREATE INDEX outbox_due ON lotwatch.outbox (not_before) WHERE state IN ('waiting', 'unclear');

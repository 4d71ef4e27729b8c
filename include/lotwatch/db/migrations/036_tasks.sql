-- What people and other systems must carry out because of a proposal: dispositions, checks, work orders, and cases with
-- suppliers and carriers. Each is one task or more, followed until it is closed.

CREATE TABLE lotwatch.task (
    task_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reference text COLLATE "C" NOT NULL UNIQUE GENERATED ALWAYS AS ('LW-T-' || lpad(task_id::text, 6, '0')) STORED,
    proposal_id bigint NOT NULL REFERENCES lotwatch.proposal,
    kind text NOT NULL CHECK (kind IN (
        'disposal', 'withdrawal', 'claim', 'exception', 'check', 'inspection', 'count', 'relabel'
    )),
    site_id bigint NOT NULL REFERENCES lotwatch.location,
    place_id bigint REFERENCES lotwatch.location,
    role text NOT NULL CHECK (role IN ('warehouse', 'quality', 'buyer')),
    what jsonb NOT NULL CHECK (what ?& ARRAY['en', 'zh']),
    details jsonb NOT NULL DEFAULT '{}',
    checklist jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(checklist) = 'array'),
    answers jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(answers) = 'object'),
    deadline timestamptz NOT NULL,
    opened_at timestamptz NOT NULL,
    reminded_at timestamptz,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'failed', 'cancelled')),
    closed_at timestamptz,
    closed_by text,
    note text CHECK (length(note) <= 2000),
    evidence text CHECK (length(evidence) <= 500),
    recorded_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((state = 'open') = (closed_at IS NULL)),
    CHECK ((closed_at IS NULL) = (closed_by IS NULL))
);
COMMENT ON TABLE lotwatch.task IS 'what somebody must carry out because of a proposal, and what became of it';
COMMENT ON COLUMN lotwatch.task.kind IS
'disposal: do with stock what a disposition says; withdrawal: give back what a department or customer has of it; claim: have '
'the supplier credit it; exception: a case with a supplier or carrier; check: by a checklist; inspection, count, relabel: work orders';
COMMENT ON COLUMN lotwatch.task.place_id IS 'the department or customer that must do it; null: the site itself';
COMMENT ON COLUMN lotwatch.task.role IS 'whose it is: a role of people.yaml, which may close it';
COMMENT ON COLUMN lotwatch.task.what IS 'what is to be done, in both languages: {en, zh}';
COMMENT ON COLUMN lotwatch.task.details IS 'what only its kind has: the disposition, the order line, the count';
COMMENT ON COLUMN lotwatch.task.checklist IS 'what is to be looked at: [{key, en, zh}], as the checklist was when the task was opened';
COMMENT ON COLUMN lotwatch.task.answers IS 'of each point of the checklist: {key: passed, failed or not_applicable}';
COMMENT ON COLUMN lotwatch.task.reminded_at IS 'when somebody was last reminded of it; null: nobody was';
COMMENT ON COLUMN lotwatch.task.closed_by IS 'user name, or the part of us that saw that it is done; null: it is open';
COMMENT ON COLUMN lotwatch.task.evidence IS 'the number of a document, or where a picture is; null: none given';
CREATE INDEX task_open ON lotwatch.task (kind, deadline) WHERE state = 'open';
CREATE INDEX task_proposal ON lotwatch.task (proposal_id);
CREATE TRIGGER task_kept BEFORE DELETE OR TRUNCATE ON lotwatch.task
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
-- closed once
CREATE TRIGGER task_closed_once BEFORE UPDATE ON lotwatch.task
FOR EACH ROW WHEN (old.state <> 'open') EXECUTE FUNCTION lotwatch.refuse_change();

-- The stock that a task is about. What has expired on the day it is given to somebody goes back or is scrapped, and nothing else.
CREATE TABLE lotwatch.task_line (
    task_id bigint NOT NULL REFERENCES lotwatch.task,
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    lot_id bigint NOT NULL DEFAULT 0,
    serial_id bigint NOT NULL DEFAULT 0,
    location_id bigint NOT NULL REFERENCES lotwatch.location,
    quantity bigint NOT NULL CHECK (quantity > 0),
    done_quantity bigint CHECK (done_quantity BETWEEN 0 AND quantity),
    disposition text CHECK (disposition IN (
        'return_to_supplier', 'supplier_credit', 'use_first', 'redistribute', 'resale', 'scrap'
    )),
    last_day date,
    given_on date NOT NULL,
    PRIMARY KEY (task_id, item_id, lot_id, serial_id, location_id),
    CONSTRAINT nothing_expired_is_given_away CHECK (
        disposition IS NULL OR disposition IN ('return_to_supplier', 'supplier_credit', 'scrap')
        OR last_day IS NULL OR last_day >= given_on
    )
);
COMMENT ON COLUMN lotwatch.task_line.location_id IS 'where it lies, or who has it; of a disposal, the site';
COMMENT ON COLUMN lotwatch.task_line.quantity IS 'base units';
COMMENT ON COLUMN lotwatch.task_line.done_quantity IS 'base units that were dealt with when it was closed; null: it is open, or was not done';
COMMENT ON COLUMN lotwatch.task_line.disposition IS 'what becomes of it; null: it stays what it is';
COMMENT ON COLUMN lotwatch.task_line.last_day IS 'the last day of use when the task was opened; null: none on the label';
COMMENT ON COLUMN lotwatch.task_line.given_on IS 'the day on which the task was opened, at its site';

DO $$
BEGIN
    CALL lotwatch.show_on_board(
        'lotwatch.task', '(SELECT lotwatch.user_sees_all()) OR site_id = ANY ((SELECT lotwatch.user_sites())::bigint[])'
    );
    CALL lotwatch.show_on_board(
        'lotwatch.task_line',
        '(SELECT lotwatch.user_sees_all()) OR task_id IN (SELECT whole.task_id FROM lotwatch.task AS whole)'
    );
END
$$;

-- A case with a supplier goes out by its portal.
ALTER TABLE lotwatch.outbox
DROP CONSTRAINT outbox_kind_check,
ADD CONSTRAINT outbox_kind_check CHECK (
    kind IN ('erp_draft', 'portal_order', 'portal_case', 'warehouse_task', 'message', 'message_delivery')
);

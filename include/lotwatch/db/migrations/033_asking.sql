-- What a question is at: its step, since when, and where Airflow asks it; what approvers changed; links that were used.

ALTER TABLE lotwatch.proposal
ADD COLUMN asked_step text,
ADD COLUMN asked_at timestamptz,
ADD COLUMN asked_number integer,
ADD COLUMN deputies_told_at timestamptz;
COMMENT ON COLUMN lotwatch.proposal.asked_step IS 'the step that is asked; null: nobody is asked';
COMMENT ON COLUMN lotwatch.proposal.asked_at IS 'since when; null: nobody is asked';
COMMENT ON COLUMN lotwatch.proposal.asked_number IS 'which of its run''s questions it is, from 0: the map index of Airflow''s task; null: not told yet';
COMMENT ON COLUMN lotwatch.proposal.deputies_told_at IS 'when the step''s deputies were told that they may answer; null: not yet';

-- What an approver changed: the lines as they were before. A decision is about one revision.
CREATE TABLE lotwatch.proposal_revision (
    proposal_id bigint NOT NULL REFERENCES lotwatch.proposal,
    revision integer NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    reason text NOT NULL,
    raised boolean NOT NULL,
    lines_before jsonb NOT NULL,
    PRIMARY KEY (proposal_id, revision)
);
COMMENT ON COLUMN lotwatch.proposal_revision.revision IS 'the number of the revision that the change made';
COMMENT ON COLUMN lotwatch.proposal_revision.raised IS 'a quantity was raised: whoever did it may not approve it';
CREATE TRIGGER proposal_revision_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.proposal_revision
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.proposal_revision FROM lotwatch_app;

-- Links of messages that have been used: each works once.
CREATE TABLE lotwatch.used_link (
    proposal_id bigint NOT NULL REFERENCES lotwatch.proposal,
    revision integer NOT NULL,
    step text NOT NULL,
    person text NOT NULL,
    used_at timestamptz NOT NULL,
    decision text NOT NULL CHECK (decision IN ('approved', 'rejected')),
    PRIMARY KEY (proposal_id, revision, step, person)
);
CREATE TRIGGER used_link_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.used_link
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
REVOKE UPDATE, DELETE ON lotwatch.used_link FROM lotwatch_app;

DO $$
DECLARE
    of_proposal constant text := '(SELECT lotwatch.user_sees_all()) OR proposal_id IN'
        ' (SELECT whole.proposal_id FROM lotwatch.proposal AS whole)';
BEGIN
    CALL lotwatch.show_on_board('lotwatch.proposal_revision', of_proposal);
    CALL lotwatch.show_on_board('lotwatch.used_link', of_proposal);
END
$$;

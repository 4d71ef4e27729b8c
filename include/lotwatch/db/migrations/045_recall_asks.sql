-- What a notice asks for, as its own words were read; and cases of which only a person, or who recalls, says that they advise.

CREATE TABLE lotwatch.recall_ask (
    version_id bigint NOT NULL REFERENCES lotwatch.notice_version,
    ask_no integer NOT NULL CHECK (ask_no > 0),
    kind text NOT NULL CHECK (kind IN ('remove', 'correct', 'inspect', 'advise', 'unclear')),
    field text COLLATE "C" NOT NULL,
    starts integer NOT NULL CHECK (starts >= 0),
    ends integer NOT NULL,
    said text NOT NULL,
    PRIMARY KEY (version_id, ask_no),
    CHECK (ends >= starts)
);
COMMENT ON TABLE lotwatch.recall_ask IS 'append-only: what a version asks for, and in which words';
COMMENT ON COLUMN lotwatch.recall_ask.kind IS 'the strictest of a version counts; unclear: it may ask for something that was not understood';
COMMENT ON COLUMN lotwatch.recall_ask.field IS 'column of notice_version that it stands in';
COMMENT ON COLUMN lotwatch.recall_ask.starts IS 'first character of it, counted from 0; ends: the one after its last';
COMMENT ON COLUMN lotwatch.recall_ask.said IS 'the notice''s own words, cut when they are very long';
REVOKE UPDATE, DELETE ON lotwatch.recall_ask FROM lotwatch_app;
CREATE TRIGGER recall_ask_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lotwatch.recall_ask
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.refuse_change();
CALL lotwatch.show_on_board('lotwatch.recall_ask', '(SELECT lotwatch.user_is_known())');

ALTER TABLE lotwatch.recall_case
ADD COLUMN only_advises boolean NOT NULL DEFAULT FALSE,
ADD COLUMN said_over text CHECK (said_over IN ('remove', 'correct', 'inspect', 'advise', 'other'));
COMMENT ON COLUMN lotwatch.recall_case.only_advises IS
'nothing is held: all who recall state it, or a person says so; words that were read never say it';
COMMENT ON COLUMN lotwatch.recall_case.said_over IS
'what its notices'' words were read as when a person said what it asks for: the same reading does not count again; null: none was, or nobody has said';
UPDATE lotwatch.recall_case SET
    only_advises = action_kind = 'advise',
    said_over = CASE WHEN said_action IS NOT NULL THEN 'other' END;

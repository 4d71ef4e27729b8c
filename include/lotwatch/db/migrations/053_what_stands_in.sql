-- What is ordered or brought in place of a recalled item is looked up by that item, among all lines that ever were.
CREATE INDEX proposal_line_in_place_of ON lotwatch.proposal_line (((why ->> 'in_place_of')::bigint))
WHERE why ? 'in_place_of';

-- So that notices which were compared need not all be compared again: whom each is from, which items it may mean of which it said
-- nothing yet, and what each item was called when it was last compared with all of them.
ALTER TABLE lotwatch.recall_reading ADD COLUMN firms text[];
COMMENT ON COLUMN lotwatch.recall_reading.firms IS
'who recalls, and the makers of ours that its words name, without legal form; null: not compared since that is kept';
GRANT UPDATE (firms) ON lotwatch.recall_reading TO lotwatch_app;
CREATE INDEX recall_reading_firms ON lotwatch.recall_reading USING gin (firms);

CREATE TABLE lotwatch.recall_watched_item (
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    notice_id bigint NOT NULL REFERENCES lotwatch.notice,
    PRIMARY KEY (item_id, notice_id)
);
COMMENT ON TABLE lotwatch.recall_watched_item IS
'items that a notice may mean, and of which it names nothing that we have: it is compared again when more of them comes';
CALL lotwatch.show_on_board('lotwatch.recall_watched_item', '(SELECT lotwatch.user_is_known())');

CREATE TABLE lotwatch.recall_compared_item (
    item_id bigint PRIMARY KEY REFERENCES lotwatch.item,
    digest text COLLATE "C" NOT NULL
);
COMMENT ON TABLE lotwatch.recall_compared_item IS 'items as they were when they were last compared with all notices';
COMMENT ON COLUMN lotwatch.recall_compared_item.digest IS 'of everything by which a notice may name it';
CALL lotwatch.show_on_board('lotwatch.recall_compared_item', '(SELECT lotwatch.user_is_known())');

-- What met a clock by itself was kept in English words.
UPDATE lotwatch.recall_clock SET
    evidence = CASE
        WHEN evidence LIKE 'holds of %' THEN 'held ' || substr(evidence, length('holds of ') + 1)
        WHEN evidence LIKE '% answers' THEN 'answered ' || split_part(evidence, ' ', 1)
        ELSE 'nobody_has_any'
    END
WHERE met_by = 'lotwatch';
COMMENT ON COLUMN lotwatch.recall_clock.evidence IS
'what shows that it was met: a person''s words, or of lotwatch a key that the pages word in both languages, and what it is about; null: not yet';

-- A report of an adverse event may name several lots in one field.
CREATE TABLE lotwatch.recall_event_reading (
    source text COLLATE "C" NOT NULL,
    source_key text COLLATE "C" NOT NULL,
    said text COLLATE "C" NOT NULL,
    lots text[] NOT NULL,
    PRIMARY KEY (source, source_key),
    FOREIGN KEY (source, source_key) REFERENCES lotwatch.adverse_event
);
COMMENT ON TABLE lotwatch.recall_event_reading IS 'which lots a report of an adverse event names, where it may name several';
COMMENT ON COLUMN lotwatch.recall_event_reading.said IS 'its lot_number when it was read';
COMMENT ON COLUMN lotwatch.recall_event_reading.lots IS 'as they are compared; empty: it is not a list of lots alone';
CALL lotwatch.show_on_board('lotwatch.recall_event_reading', '(SELECT lotwatch.user_is_known())');

ALTER TABLE lotwatch.recall_reading ADD COLUMN firm_items bigint[];
COMMENT ON COLUMN lotwatch.recall_reading.firm_items IS
'items of ours that these firms make, named or not, at most 1,000; null: not compared since that is kept';
GRANT UPDATE (firm_items) ON lotwatch.recall_reading TO lotwatch_app;

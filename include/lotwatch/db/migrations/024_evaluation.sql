-- Evaluating what changed: by item and site, whoever changes what is known of them.

-- What an evaluation looks at: items, and where. Empty outside of its transaction.
CREATE UNLOGGED TABLE lotwatch.changed_item (
    item_id bigint PRIMARY KEY
);
CREATE UNLOGGED TABLE lotwatch.changed_item_site (
    item_id bigint NOT NULL,
    site_id bigint NOT NULL,
    PRIMARY KEY (item_id, site_id)
);

ALTER TABLE lotwatch.change
ALTER COLUMN item_id DROP NOT NULL,
ALTER COLUMN location_id DROP NOT NULL;
COMMENT ON TABLE lotwatch.change IS 'what changed and waits to be evaluated: append-only, taken by the evaluation';
COMMENT ON COLUMN lotwatch.change.item_id IS 'null: what concerns any item, so that everything is evaluated';
COMMENT ON COLUMN lotwatch.change.location_id IS 'null: at every site';

-- Triggers of every table that facts about items are read from (facts/views/920_evaluated.sql sets them): no writer can
-- forget to note a change. Their argument is the column that says where, or NULL: at every site.
CREATE FUNCTION lotwatch.note_new_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'INSERT INTO lotwatch.change (item_id, location_id)'
        ' SELECT DISTINCT item_id, %1$s::bigint FROM after WHERE item_id IS NOT NULL', tg_argv[0]);
    RETURN NULL;
END
$$;
CREATE FUNCTION lotwatch.note_changed_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'INSERT INTO lotwatch.change (item_id, location_id)'
        ' SELECT item_id, %1$s::bigint FROM after WHERE item_id IS NOT NULL'
        ' UNION SELECT item_id, %1$s::bigint FROM before WHERE item_id IS NOT NULL', tg_argv[0]);
    RETURN NULL;
END
$$;

-- Which items have records in quarantine is said by their codes.
CREATE FUNCTION lotwatch.note_quarantine() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO lotwatch.change (item_id)
    SELECT DISTINCT item.item_id
    FROM after
    JOIN lotwatch.item AS item ON item.code = after.item_code;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_new_quarantine AFTER INSERT ON lotwatch.quarantine REFERENCING NEW TABLE AS after
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.note_quarantine();
CREATE TRIGGER note_changed_quarantine AFTER UPDATE ON lotwatch.quarantine REFERENCING NEW TABLE AS after
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.note_quarantine();

-- A place's zone, region or parent concerns all that lies there.
CREATE FUNCTION lotwatch.note_places() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO lotwatch.change (item_id)
    SELECT NULL
    WHERE EXISTS (SELECT FROM before);
    RETURN NULL;
END
$$;
CREATE TRIGGER note_changed_places AFTER UPDATE ON lotwatch.location REFERENCING OLD TABLE AS before
FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.note_places();

-- An alert is found by its item, and told again only when it gets worse than it ever was since it opened.
ALTER TABLE lotwatch.alert
ADD COLUMN item_id bigint GENERATED ALWAYS AS ((subject ->> 'item_id')::bigint) STORED,
ADD COLUMN site_id bigint GENERATED ALWAYS AS ((subject ->> 'site_id')::bigint) STORED,
ADD COLUMN worst_severity text;
COMMENT ON COLUMN lotwatch.alert.item_id IS 'null: it is about no item';
COMMENT ON COLUMN lotwatch.alert.site_id IS 'null: it is about no site';
COMMENT ON COLUMN lotwatch.alert.last_seen IS 'when its values last changed; one that is open is so at the last evaluation, too';
COMMENT ON COLUMN lotwatch.alert.worst_severity IS 'the worst since it opened, so that a severity that goes up and down is told once; null: its severity';
CREATE INDEX alert_item ON lotwatch.alert (item_id, site_id) WHERE state <> 'resolved';

-- Which rules were evaluated over everything, in which version, and as of when they last were.
CREATE TABLE lotwatch.swept_rule (
    rule_id text PRIMARY KEY,
    rule_version text NOT NULL,
    as_of timestamptz NOT NULL
);
CALL lotwatch.show_on_board('lotwatch.swept_rule', '(SELECT lotwatch.user_is_known())');

CREATE INDEX inspection_item ON lotwatch.inspection (item_id);

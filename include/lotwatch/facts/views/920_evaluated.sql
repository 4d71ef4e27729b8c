-- The same facts for the evaluation of rules, made from the definitions above so that they cannot drift apart:
-- `lotwatch_now`: without the past. A view that has a `_live` twin is that twin; the planner then knows what it reads.
-- `lotwatch_changed`: of `lotwatch_now`, only the items of `lotwatch.changed_item`, from the tables up: what they cost
-- does not grow with the company. A table or view with a column item_id is restricted to those items (where it is null:
-- kept); one without says the same for all items, and is read whole. So a view with item_id must follow from rows
-- of the same item alone, and from views without item_id. What is looked up by its own number is not restricted.
DROP SCHEMA IF EXISTS lotwatch_now, lotwatch_changed CASCADE;
CREATE SCHEMA lotwatch_now;
CREATE SCHEMA lotwatch_changed;
GRANT USAGE ON SCHEMA lotwatch_now, lotwatch_changed TO lotwatch_app;

DO $$
DECLARE
    part record;
    variant text;
    renamed text[];
    name text;
    definition text;
BEGIN
    PERFORM set_config('search_path', 'pg_catalog', true);
    FOREACH variant IN ARRAY ARRAY['lotwatch_now', 'lotwatch_changed'] LOOP
        renamed := '{}';
        FOR part IN
            WITH RECURSIVE read AS (
                SELECT view.oid
                FROM pg_class AS view
                WHERE
                    view.relnamespace = 'lotwatch'::regnamespace AND view.relkind = 'v'
                    AND view.relname LIKE 'fact\_%'
                UNION
                SELECT below.oid
                FROM read
                JOIN pg_rewrite AS rule ON rule.ev_class = read.oid
                JOIN pg_depend AS needs ON
                    needs.classid = 'pg_rewrite'::regclass AND needs.objid = rule.oid
                    AND needs.refclassid = 'pg_class'::regclass AND needs.refobjid <> read.oid
                JOIN pg_class AS below ON below.oid = needs.refobjid
                WHERE below.relname NOT LIKE '%\_past' AND below.relnamespace = 'lotwatch'::regnamespace
            )
            SELECT
                relation.relname AS name,
                relation.relkind = 'v' AS is_view,
                EXISTS (SELECT FROM pg_class AS twin WHERE twin.relname = relation.relname || '_live'
                    AND twin.relnamespace = relation.relnamespace) AS has_twin,
                item.attname IS NOT NULL AS of_item,
                coalesce(item.attnotnull, false) AS always,
                CASE WHEN relation.relkind = 'v' THEN pg_get_viewdef(relation.oid) END AS definition
            FROM read
            JOIN pg_class AS relation ON relation.oid = read.oid
            LEFT JOIN pg_attribute AS item ON item.attrelid = relation.oid AND item.attname = 'item_id'
            -- what is read comes before what reads it
            ORDER BY relation.relkind = 'v', relation.oid
        LOOP
            IF part.is_view THEN
                definition := CASE WHEN part.has_twin
                    THEN format('SELECT * FROM lotwatch.%I', part.name || '_live') ELSE part.definition END;
                FOREACH name IN ARRAY renamed LOOP
                    definition := regexp_replace(
                        definition, '\mlotwatch\.("?)' || name || '\1(?![\w(])', variant || '.' || name, 'g'
                    );
                END LOOP;
                IF variant = 'lotwatch_changed' AND NOT part.of_item THEN
                    CONTINUE WHEN to_regclass(format('lotwatch_now.%I', part.name)) IS NULL;
                    definition := format('SELECT * FROM lotwatch_now.%I', part.name);
                END IF;
                -- the facts themselves are there in both, for one statement to read either
                CONTINUE WHEN definition = part.definition AND part.name NOT LIKE 'fact\_%';
                IF variant = 'lotwatch_changed' AND part.of_item AND part.name LIKE 'fact\_%' THEN
                    definition := format(
                        'SELECT * FROM (%s) AS fact WHERE fact.item_id IS NULL'
                        ' OR fact.item_id IN (SELECT item_id FROM lotwatch.changed_item)', rtrim(definition, ';'));
                END IF;
            ELSE
                CONTINUE WHEN variant = 'lotwatch_now' OR NOT part.of_item OR part.name IN ('item', 'lot', 'serial_unit');
                definition := format(
                    'SELECT part.* FROM lotwatch.changed_item AS changed JOIN lotwatch.%I AS part'
                    ' ON changed.item_id = part.item_id', part.name);
                IF NOT part.always THEN
                    definition := definition || format(
                        ' UNION ALL SELECT * FROM lotwatch.%I AS part WHERE part.item_id IS NULL', part.name);
                END IF;
            END IF;
            EXECUTE format('CREATE VIEW %I.%I AS %s', variant, part.name, definition);
            renamed := renamed || part.name::text;
        END LOOP;
    END LOOP;
    -- whatever changes what these facts say of an item notes that it did; movements and positions come by the thousand,
    -- and their posting statement notes it itself
    FOR part IN
        SELECT DISTINCT base.oid::regclass AS name
        FROM pg_depend AS needs
        JOIN pg_rewrite AS rule ON rule.oid = needs.objid AND needs.classid = 'pg_rewrite'::regclass
        JOIN pg_class AS view ON view.oid = rule.ev_class
        JOIN pg_class AS base ON base.oid = needs.refobjid AND base.relkind = 'r'
        JOIN pg_attribute AS item ON item.attrelid = base.oid AND item.attname = 'item_id'
        WHERE
            needs.refclassid = 'pg_class'::regclass AND base.relnamespace = 'lotwatch'::regnamespace
            AND view.relnamespace::regnamespace::text IN ('lotwatch_now', 'lotwatch_changed')
            AND base.relname NOT IN ('changed_item', 'position')
    LOOP
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER note_new_facts AFTER INSERT ON %s REFERENCING NEW TABLE AS after'
            ' FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.note_new_facts()', part.name);
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER note_changed_facts AFTER UPDATE ON %s'
            ' REFERENCING OLD TABLE AS before NEW TABLE AS after'
            ' FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.note_changed_facts()', part.name);
    END LOOP;
    GRANT SELECT ON ALL TABLES IN SCHEMA lotwatch_now, lotwatch_changed TO lotwatch_app;
END
$$;

-- The same facts for the evaluation of rules, made from the definitions above so that they cannot drift apart:
-- `lotwatch_now`: without the past. A view that has a `_live` twin is that twin; the planner then knows what it reads.
-- `lotwatch_items`: of that, only the items of `lotwatch.changed_item`, from the tables up.
-- `lotwatch_changed`: of that, stock and whatever else is kept by item and place only at `lotwatch.changed_item_site`.
-- What those cost does not grow with the company. A view with item_id and site_id (or location_id) must so follow from
-- rows of the same item: from those kept by item and place of the same site, unless by way of a view without a
-- site_id; one without item_id is read whole. What is looked up by its own number is not restricted.
DROP SCHEMA IF EXISTS lotwatch_now CASCADE;
DROP SCHEMA IF EXISTS lotwatch_items CASCADE;
DROP SCHEMA IF EXISTS lotwatch_changed CASCADE;
CREATE SCHEMA lotwatch_now;
CREATE SCHEMA lotwatch_items;
CREATE SCHEMA lotwatch_changed;
GRANT USAGE ON SCHEMA lotwatch_now, lotwatch_items, lotwatch_changed TO lotwatch_app;

DO $$
DECLARE
    part record;
    variant text;
    definition text;
    known text; -- where a relation of that name is read from, in the schema that is being made
    place jsonb := '{}';
BEGIN
    PERFORM set_config('search_path', 'pg_catalog', true);
    CREATE TEMPORARY TABLE read ON COMMIT DROP AS
    WITH RECURSIVE read AS (
        SELECT view.oid
        FROM pg_class AS view
        WHERE view.relnamespace = 'lotwatch'::regnamespace AND view.relkind = 'v' AND view.relname LIKE 'fact\_%'
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
        relation.oid,
        relation.relname::text AS name,
        relation.relkind = 'v' AS is_view,
        relation.relname LIKE 'fact\_%' AS is_fact,
        EXISTS (
            SELECT FROM pg_class AS twin
            WHERE twin.relnamespace = relation.relnamespace AND twin.relname = relation.relname || '_live'
        ) AS has_twin,
        item.attname IS NOT NULL AND relation.relname NOT IN ('item', 'lot', 'serial_unit') AS by_item,
        coalesce(item.attnotnull, false) AS always_item,
        -- a table, when its key begins with item and place
        (
            SELECT min(spot.attname)
            FROM pg_attribute AS spot
            LEFT JOIN pg_index AS key ON key.indrelid = relation.oid AND key.indisprimary
            WHERE
                spot.attrelid = relation.oid AND spot.attname IN ('site_id', 'location_id')
                AND (relation.relkind = 'v' OR (key.indkey[0] = item.attnum AND key.indkey[1] = spot.attnum))
        ) AS spot,
        CASE WHEN relation.relkind = 'v' THEN pg_get_viewdef(relation.oid) END AS definition
    FROM read
    JOIN pg_class AS relation ON relation.oid = read.oid
    LEFT JOIN pg_attribute AS item ON item.attrelid = relation.oid AND item.attname = 'item_id';

    FOREACH variant IN ARRAY ARRAY['lotwatch_now', 'lotwatch_items', 'lotwatch_changed'] LOOP
        -- what is read comes before what reads it
        FOR part IN SELECT * FROM pg_temp.read ORDER BY is_view, oid LOOP
            IF NOT part.is_view THEN
                CONTINUE WHEN variant = 'lotwatch_now' OR NOT part.by_item;
                CONTINUE WHEN variant = 'lotwatch_changed' AND part.spot IS NULL;
                definition := CASE
                    WHEN variant = 'lotwatch_items' THEN format(
                        'SELECT part.* FROM lotwatch.changed_item AS changed JOIN lotwatch.%I AS part USING (item_id)', part.name)
                    WHEN part.spot = 'site_id' THEN format(
                        'SELECT part.* FROM lotwatch.changed_item_site AS changed'
                        ' JOIN lotwatch.%I AS part USING (item_id, site_id)', part.name)
                    ELSE format(
                        'SELECT part.* FROM lotwatch.changed_item_site AS changed'
                        ' JOIN lotwatch.location AS place ON changed.site_id = place.site_id'
                        ' JOIN lotwatch.%I AS part ON changed.item_id = part.item_id AND place.location_id = part.location_id',
                        part.name)
                END || CASE
                    WHEN part.always_item THEN ''
                    ELSE format(' UNION ALL SELECT * FROM lotwatch.%I AS part WHERE part.item_id IS NULL', part.name)
                END;
            ELSE
                definition := CASE WHEN part.has_twin
                    THEN format(' SELECT * FROM lotwatch.%I;', part.name || '_live') ELSE part.definition END;
                IF variant = 'lotwatch_now' OR part.by_item THEN
                    FOR known IN SELECT jsonb_object_keys(place) LOOP
                        definition := regexp_replace(
                            definition, '\mlotwatch\.("?)' || known || '\1(?![\w(])', (place ->> known) || '.' || known, 'g');
                    END LOOP;
                END IF;
                IF
                    (variant = 'lotwatch_items' AND NOT part.by_item)
                    OR (variant = 'lotwatch_changed' AND (part.spot IS NULL OR definition !~ '\mlotwatch_changed\.'))
                    OR (variant = 'lotwatch_now' AND definition = part.definition)
                THEN
                    -- as in the schema before; the facts are there in each, for one statement to read any
                    CONTINUE WHEN NOT part.is_fact;
                    EXECUTE format('CREATE VIEW %I.%I AS SELECT * FROM %s.%I',
                        variant, part.name, coalesce(place ->> part.name, 'lotwatch'), part.name);
                    CONTINUE;
                END IF;
                IF part.is_fact AND variant <> 'lotwatch_now' THEN
                    definition := format('SELECT * FROM (%s) AS fact WHERE fact.item_id IS NULL OR ', rtrim(definition, ';'))
                    || CASE
                        WHEN variant = 'lotwatch_items' THEN 'fact.item_id IN (SELECT item_id FROM lotwatch.changed_item)'
                        ELSE '(fact.item_id, fact.site_id) IN (SELECT item_id, site_id FROM lotwatch.changed_item_site)'
                    END;
                END IF;
            END IF;
            EXECUTE format('CREATE VIEW %I.%I AS %s', variant, part.name, definition);
            place := place || jsonb_build_object(part.name, variant);
        END LOOP;
    END LOOP;
    GRANT SELECT ON ALL TABLES IN SCHEMA lotwatch_now, lotwatch_items, lotwatch_changed TO lotwatch_app;

    -- Whoever changes what these facts say of an item notes it. Movements and positions come by the thousand: their
    -- posting statement notes them itself, by place.
    FOR part IN
        SELECT
            base.oid::regclass AS name,
            coalesce(base.spot, 'NULL') AS spot
        FROM pg_temp.read AS base
        JOIN pg_class AS relation ON relation.oid = base.oid AND relation.relkind = 'r'
        JOIN pg_attribute AS item ON item.attrelid = base.oid AND item.attname = 'item_id'
        WHERE base.name <> 'position'
    LOOP
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER note_new_facts AFTER INSERT ON %s REFERENCING NEW TABLE AS after'
            ' FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.note_new_facts(%L)', part.name, part.spot);
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER note_changed_facts AFTER UPDATE ON %s'
            ' REFERENCING OLD TABLE AS before NEW TABLE AS after'
            ' FOR EACH STATEMENT EXECUTE FUNCTION lotwatch.note_changed_facts(%L)', part.name, part.spot);
    END LOOP;
END
$$;

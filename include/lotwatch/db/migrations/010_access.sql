-- Who sees which sites, and what the board's role may read at all: only what is listed here, and of that only the rows
-- of the sites of the person a transaction is for (the setting `lotwatch.user`), whatever the page's SQL says.
-- Nobody, or somebody we do not know, sees nothing.

-- Somebody who uses the board, by the name of their login. Who is not in here sees nothing.
CREATE TABLE lotwatch.person (
    user_name text COLLATE "C" PRIMARY KEY CHECK (user_name <> ''),
    limited boolean NOT NULL DEFAULT true,
    added_at timestamptz NOT NULL DEFAULT now(),
    added_by text NOT NULL
);
COMMENT ON COLUMN lotwatch.person.limited IS 'true: sees the sites of site_access, which may be none; false: sees all sites';

CREATE TABLE lotwatch.site_access (
    user_name text COLLATE "C" NOT NULL REFERENCES lotwatch.person,
    site_id bigint NOT NULL REFERENCES lotwatch.location,
    granted_by text NOT NULL,
    granted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_name, site_id)
);

-- Whom this transaction is for; null: nobody.
CREATE FUNCTION lotwatch.acting_user() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('lotwatch.user', true), '');

-- These look into tables that the board itself may not read.
CREATE FUNCTION lotwatch.user_is_known() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
RETURN EXISTS (
    SELECT FROM lotwatch.person
    WHERE user_name = lotwatch.acting_user()
);

CREATE FUNCTION lotwatch.user_sees_all() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
RETURN EXISTS (
    SELECT FROM lotwatch.person
    WHERE user_name = lotwatch.acting_user() AND NOT limited
);

CREATE FUNCTION lotwatch.user_sites() RETURNS bigint[]
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
RETURN ARRAY(
    SELECT site_id FROM lotwatch.site_access
    WHERE user_name = lotwatch.acting_user()
);

-- The board's role starts from nothing: what is made later is not seen either until a migration says so.
ALTER DEFAULT PRIVILEGES IN SCHEMA lotwatch REVOKE SELECT ON TABLES FROM lotwatch_board;
REVOKE ALL ON ALL TABLES IN SCHEMA lotwatch FROM lotwatch_board;

-- Lets the board read a table: `shown` says which rows (SQL over its columns). The application and the auditor go on
-- reading all of it. A table that is COPYed into cannot be among these: PostgreSQL refuses COPY beside row security.
CREATE PROCEDURE lotwatch.show_on_board(shown_table regclass, shown text)
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', shown_table);
    EXECUTE format('GRANT SELECT ON %s TO lotwatch_board', shown_table);
    EXECUTE format('CREATE POLICY application ON %s TO lotwatch_app USING (true) WITH CHECK (true)', shown_table);
    EXECUTE format('CREATE POLICY auditor ON %s FOR SELECT TO lotwatch_auditor USING (true)', shown_table);
    EXECUTE format('CREATE POLICY board ON %s FOR SELECT TO lotwatch_board USING (%s)', shown_table, shown);
END
$$;
REVOKE EXECUTE ON PROCEDURE lotwatch.show_on_board FROM PUBLIC; -- noqa: CP02

DO $$
DECLARE
    -- each in parentheses of its own SELECT: worked out once for a statement, not for each row
    sees_all constant text := '(SELECT lotwatch.user_sees_all())';
    is_known constant text := '(SELECT lotwatch.user_is_known())';
    sites constant text := '(SELECT lotwatch.user_sites())';
    -- the places of those sites: of what lies outside of all sites, location itself has no site
    places constant text := '(SELECT place.location_id FROM lotwatch.location AS place WHERE place.site_id IS NOT NULL)';
    of_site constant text := format('%s OR site_id = ANY (%s::bigint[])', sees_all, sites);
    of_place constant text := format('%s OR location_id IN %s', sees_all, places);
    shown record;
BEGIN
    FOR shown IN
        SELECT * FROM (VALUES
            -- without a site: the same for everybody
            ('supplier', is_known),
            ('supplier_agreement', is_known),
            ('credential', is_known),
            ('item', is_known),
            ('item_identifier', is_known),
            ('item_unit', is_known),
            ('legal_entity', is_known),
            ('lot', is_known),
            -- names events and what they take back, not what moved or where
            ('movement_source', is_known),
            ('serial_unit', is_known),
            ('snapshot', is_known),
            -- what was found about a lot concerns every site that has it
            ('inspection', is_known),
            -- regions and the outside world are everybody's
            ('location', of_site || format(
                ' OR (site_id IS NULL AND kind NOT IN (''site'', ''department'', ''bin'') AND %s)', is_known)),
            -- of a site
            ('budget', of_site),
            ('policy', of_site),
            ('purchase_order_line', of_site),
            ('proposal', of_site),
            ('stocktake', of_site),
            ('cut_over', of_site),
            -- of a place
            ('position', of_place),
            ('snapshot_position', of_place),
            ('last_count', of_place),
            ('movement_flag', of_place),
            ('kit', of_place),
            ('movement', format('%1$s OR from_location_id IN %2$s OR to_location_id IN %2$s', sees_all, places)),
            -- a hold that names no place holds everywhere; one on a region holds the sites below it
            ('hold', format('%1$s OR (%2$s AND (location_id IS NULL'
                ' OR location_id IN (SELECT place.location_id FROM lotwatch.location AS place)))', sees_all, is_known)),
            -- between sites: of either
            ('lane', format('%1$s OR from_site_id = ANY (%2$s::bigint[]) OR to_site_id = ANY (%2$s::bigint[])',
                sees_all, sites)),
            ('delivery', format('%1$s OR from_site_id = ANY (%2$s::bigint[]) OR to_site_id = ANY (%2$s::bigint[])'
                ' OR to_location_id IN %3$s', sees_all, sites, places)),
            ('demand_order', of_site || format(' OR customer_location_id IN %s', places)),
            -- parts of what is shown above
            ('delivery_line', sees_all || ' OR delivery_id IN (SELECT whole.delivery_id FROM lotwatch.delivery AS whole)'),
            ('demand_order_line', of_site
                || ' OR demand_order_id IN (SELECT whole.demand_order_id FROM lotwatch.demand_order AS whole)'),
            -- set aside elsewhere, for one of ours
            ('allocation', of_place || ' OR (source, demand_line_key) IN'
                ' (SELECT whole.source, whole.source_key FROM lotwatch.demand_order_line AS whole)'),
            ('kit_content', sees_all || ' OR kit_id IN (SELECT whole.kit_id FROM lotwatch.kit AS whole)'),
            ('order_line_receipt', sees_all
                || ' OR order_line_key IN (SELECT whole.source_key FROM lotwatch.purchase_order_line AS whole)'),
            ('stocktake_line', sees_all || ' OR stocktake_id IN (SELECT whole.stocktake_id FROM lotwatch.stocktake AS whole)'),
            ('proposal_line', sees_all || ' OR proposal_id IN (SELECT whole.proposal_id FROM lotwatch.proposal AS whole)'),
            ('approval', sees_all || ' OR proposal_id IN (SELECT whole.proposal_id FROM lotwatch.proposal AS whole)'),
            ('guard_event', sees_all || ' OR proposal_id IN (SELECT whole.proposal_id FROM lotwatch.proposal AS whole)'),
            -- an alert about something that has no site is told to who sees all
            ('alert', format('%s OR subject ->> ''site_id'' = ANY (%s::text[])', sees_all, sites)),
            -- of all sites together, in words that may name any of them
            ('backfilled_finding', sees_all),
            ('batch', sees_all),
            ('quarantine', sees_all),
            ('run', sees_all),
            ('run_log', sees_all),
            ('outbox', sees_all)
        ) AS listed (name, rows)
    LOOP
        CALL lotwatch.show_on_board(('lotwatch.' || shown.name)::regclass, shown.rows);
    END LOOP;
END
$$;

-- Items of which records lie in quarantine. That their figures may be wrong is for everybody to know, what the records
-- say is not: it looks with its owner's eyes.
CREATE VIEW lotwatch.item_in_quarantine WITH (security_barrier) AS
SELECT quarantine.item_code
FROM lotwatch.quarantine AS quarantine
WHERE
    quarantine.state = 'open'
    AND (current_user <> 'lotwatch_board' OR (SELECT lotwatch.user_is_known()));

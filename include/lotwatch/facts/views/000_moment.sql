-- The facts of one moment. A reader says which (`set_moment.sql`): `lotwatch.as_of`, what had happened by then;
-- `lotwatch.live`, whether that moment is now, so that the kept positions can be read instead of a sum of movements;
-- `lotwatch.known_at`, by what had been recorded by then; and the snapshot to start from, where there is one.
DROP VIEW IF EXISTS
lotwatch.fact_item_site, lotwatch.fact_lot, lotwatch.fact_order_line, lotwatch.fact_inspection,
lotwatch.fact_delivery_line, lotwatch.fact_demand_line,
lotwatch.stock_state, lotwatch.stock, lotwatch.held_position, lotwatch.held_place, lotwatch.hold_in_force, lotwatch.serial_conflict,
lotwatch.policy_in_force, lotwatch.order_line_open, lotwatch.demand_line_open, lotwatch.allocation_in_force,
lotwatch.delivery_line_moving, lotwatch.lot_release, lotwatch.inspection_pass_rate, lotwatch.site_today,
lotwatch.stated_stock_compared,
lotwatch.fact_shipment, lotwatch.fact_supplier, lotwatch.quality_alert_open, lotwatch.fact_quality_alert, lotwatch.fact_lot_quality,
lotwatch.fact_item_quality, lotwatch.fact_credential, lotwatch.fact_budget, lotwatch.fact_item_jurisdiction,
lotwatch.fact_recalled_stock CASCADE;

CREATE OR REPLACE FUNCTION lotwatch.as_of() RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT current_setting('lotwatch.as_of')::timestamptz
$$;

CREATE OR REPLACE FUNCTION lotwatch.is_live() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT current_setting('lotwatch.live')::boolean
$$;

CREATE OR REPLACE FUNCTION lotwatch.known_at() RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT current_setting('lotwatch.known_at')::timestamptz
$$;

CREATE OR REPLACE FUNCTION lotwatch.base_snapshot_id() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT current_setting('lotwatch.base_snapshot_id')::bigint
$$;

CREATE OR REPLACE FUNCTION lotwatch.base_as_of() RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT current_setting('lotwatch.base_as_of')::timestamptz
$$;

CREATE OR REPLACE FUNCTION lotwatch.base_watermark() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT current_setting('lotwatch.base_watermark')::bigint
$$;

-- A quantity and a day that decides about it.
DO $$
BEGIN
    CREATE TYPE lotwatch.dated_quantity AS (day date, quantity bigint);
EXCEPTION WHEN duplicate_object THEN NULL;
END
$$;

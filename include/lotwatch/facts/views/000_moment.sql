-- The facts of one moment. A reader says which: `lotwatch.as_of` (a timestamp) and `lotwatch.live` (whether that
-- moment is now, so that the kept positions can be read instead of the sum of all movements until then).
DROP VIEW IF EXISTS
lotwatch.fact_item_site, lotwatch.fact_lot, lotwatch.fact_order_line, lotwatch.fact_inspection,
lotwatch.stock_state, lotwatch.stock, lotwatch.policy_in_force, lotwatch.order_line_open,
lotwatch.hold_in_force, lotwatch.site_today CASCADE;

CREATE OR REPLACE FUNCTION lotwatch.as_of() RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT current_setting('lotwatch.as_of')::timestamptz
$$;

CREATE OR REPLACE FUNCTION lotwatch.is_live() RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT current_setting('lotwatch.live')::boolean
$$;

-- The facts of one moment. A reader says which (`set_moment.sql`): `lotwatch.as_of`, what had happened by then;
-- `lotwatch.live`, whether that moment is now, so that the kept positions can be read instead of a sum of movements;
-- `lotwatch.known_at`, by what had been recorded by then; and the snapshot to start from, where there is one.

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

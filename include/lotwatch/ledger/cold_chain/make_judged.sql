-- What is to be judged: places, packages and deliveries, and since when something is new about them.
CREATE TEMPORARY TABLE judged (
    judged_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    location_id bigint,
    sscc text COLLATE "C",
    delivery_key text COLLATE "C",
    since timestamptz NOT NULL,
    content_changed boolean NOT NULL
) ON COMMIT DROP;

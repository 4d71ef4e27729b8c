-- Something that a warehouse is asked for, without its lines.
INSERT INTO lotwatch.warehouse_task (
    warehouse, kind, site_id, from_location_id, to_location_id, demand_order_key, wanted_on, requested_by, requested_at,
    proposal_id
)
VALUES (
    %(warehouse)s, %(kind)s, %(site_id)s, %(from_location_id)s, %(to_location_id)s, %(demand_order_key)s, %(wanted_on)s,
    %(actor)s, %(as_of)s, %(proposal_id)s
)
RETURNING warehouse_task_id;

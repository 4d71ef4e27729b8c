-- What is known of an item is looked for whenever the item changes: by an index, also where little of it is still open.
CREATE INDEX allocation_item ON lotwatch.allocation (item_id, location_id);
CREATE INDEX demand_order_line_item ON lotwatch.demand_order_line (item_id, site_id);
CREATE INDEX hold_item ON lotwatch.hold (item_id);
CREATE INDEX quality_alert_by_item ON lotwatch.quality_alert (item_id);

-- What the rules about stock need beside what there is: since when each item moves no more at each site, and what
-- customers demand of a lot's remaining life.

CREATE TABLE lotwatch.item_site_usage (
    item_id bigint NOT NULL REFERENCES lotwatch.item,
    site_id bigint NOT NULL REFERENCES lotwatch.location,
    first_seen_on date NOT NULL,
    last_used_on date,
    PRIMARY KEY (item_id, site_id)
) WITH (fillfactor = 70);
COMMENT ON TABLE lotwatch.item_site_usage IS 'what planning saw of each item at each site when it last looked';
COMMENT ON COLUMN lotwatch.item_site_usage.first_seen_on IS 'day (UTC) of its first movement there';
COMMENT ON COLUMN lotwatch.item_site_usage.last_used_on IS
'the last day (UTC) of planning''s history on which more of it was used than taken back; null: on none';
CALL lotwatch.show_on_board(
    'lotwatch.item_site_usage',
    '(SELECT lotwatch.user_sees_all()) OR site_id = ANY ((SELECT lotwatch.user_sites())::bigint[])'
);

CREATE INDEX demand_order_line_life ON lotwatch.demand_order_line (item_id, site_id) INCLUDE (minimum_remaining_life_days)
WHERE minimum_remaining_life_days IS NOT NULL;

CREATE INDEX purchase_order_line_ordered ON lotwatch.purchase_order_line (item_id, site_id, ordered_on);

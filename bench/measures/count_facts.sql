-- One pass over the facts of all item-sites, without asking for their columns.
SELECT count(*) FROM lotwatch.fact_item_site;

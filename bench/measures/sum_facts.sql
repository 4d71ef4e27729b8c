-- The stock of everything, as the facts tell it at their moment.
SELECT
    count(*),
    sum(fact.physical),
    sum(fact.inventory_position)
FROM lotwatch.fact_item_site AS fact;

-- What was looked at is evaluated.
WITH items AS (
    DELETE FROM lotwatch.changed_item
)

DELETE FROM lotwatch.changed_item_site;

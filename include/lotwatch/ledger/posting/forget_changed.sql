-- The items of `changed_item` are evaluated.
DELETE FROM lotwatch.changed_item;

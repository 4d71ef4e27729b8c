-- Of which subjects is there nothing at all? A quick look at the table that each follows from: what need not be planned
-- takes no time. `{tables}` is where that table is read from; of subjects not named here there is nearly always something.
-- noqa: disable=all
SELECT known.subject
FROM (
    VALUES
    ('billed_line', EXISTS(SELECT FROM {tables}.invoice_line)),
    ('budget', EXISTS(SELECT FROM lotwatch.budget)),
    ('credential', EXISTS(SELECT FROM {tables}.credential)),
    ('demand_line', EXISTS(SELECT FROM {tables}.demand_order_line)),
    ('difference', EXISTS(SELECT FROM {tables}.check_finding)),
    ('excursion', EXISTS(SELECT FROM lotwatch.excursion)),
    ('hold', EXISTS(SELECT FROM {tables}.hold)),
    ('inspection', EXISTS(SELECT FROM {tables}.inspection)),
    ('item_jurisdiction', EXISTS(SELECT FROM lotwatch.location WHERE jurisdiction <> '')),
    ('item_quality', EXISTS(SELECT FROM {tables}.inspection) OR EXISTS(SELECT FROM {tables}.quality_alert)),
    ('kit', EXISTS(SELECT FROM lotwatch.kit)),
    (
        'lot_quality',
        EXISTS(SELECT FROM {tables}.inspection WHERE state = 'failed') OR EXISTS(SELECT FROM {tables}.quality_alert)
    ),
    ('lot_event', EXISTS(SELECT FROM lotwatch.adverse_event)),
    ('notice', EXISTS(SELECT FROM lotwatch.notice)),
    ('order_line', EXISTS(SELECT FROM {tables}.purchase_order_line WHERE state IN ('draft', 'open'))),
    ('quality_alert', EXISTS(SELECT FROM {tables}.quality_alert)),
    ('quarantined_item', EXISTS(SELECT FROM lotwatch.quarantine WHERE state = 'open')),
    ('recalled_stock', EXISTS(SELECT FROM {tables}.hold WHERE cause = 'recall')),
    ('shipment', EXISTS(SELECT FROM lotwatch.delivery)),
    ('stocktake', EXISTS(SELECT FROM lotwatch.stocktake)),
    ('stored_item', EXISTS(SELECT FROM lotwatch.item WHERE num_nonnulls(storage_min_c, storage_max_c) > 0)),
    ('unit_in_conflict', EXISTS(SELECT FROM lotwatch.serial_unit))
) AS known (subject, present)
WHERE NOT known.present;

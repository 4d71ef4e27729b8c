-- What may be used in place of an item at each site at the moment.
CREATE VIEW lotwatch.substitute_in_force AS
SELECT DISTINCT
    kept.item_id,
    kept.substitute_id,
    site.site_id
FROM lotwatch.item_substitute AS kept
INNER JOIN lotwatch.site_today AS site
    ON kept.valid_from <= site.today AND coalesce(kept.valid_through >= site.today, TRUE)
INNER JOIN lotwatch.location AS place ON site.site_id = place.location_id
INNER JOIN lotwatch.item AS other ON kept.substitute_id = other.item_id
WHERE
    other.active AND (kept.site_id IS NULL OR kept.site_id = site.site_id)
    AND (kept.region IS NULL OR kept.region = place.region);

-- Items under a recall that cannot be had any more, with the codes of their cases: all of the item is recalled (`wholly`), or nobody
-- is left who could be ordered from.
CREATE VIEW lotwatch.recalled_not_bought AS
SELECT
    hold.item_id,
    bool_or(hold.lot_id IS NULL AND hold.serial_id IS NULL AND hold.location_id IS NULL) AS wholly,
    string_agg(DISTINCT hold.reference, ', ' ORDER BY hold.reference) AS recall
FROM lotwatch.hold AS hold
WHERE hold.cause = 'recall' AND hold.released_at IS NULL AND hold.item_id IS NOT NULL
GROUP BY hold.item_id
HAVING
    bool_or(hold.lot_id IS NULL AND hold.serial_id IS NULL AND hold.location_id IS NULL)
    OR NOT EXISTS (
        SELECT FROM lotwatch.supplier_agreement AS agreement
        INNER JOIN lotwatch.supplier AS supplier ON agreement.supplier_id = supplier.supplier_id
        WHERE
            agreement.item_id = hold.item_id AND agreement.active AND supplier.active AND NOT supplier.blocked
            AND NOT EXISTS (
                SELECT FROM lotwatch.stop_switch AS stop
                WHERE stop.lifted_at IS NULL AND stop.scope = 'supplier' AND stop.key = supplier.code
            )
    );

-- Which items were ordered for a site in place of one that cannot be had: as long as that is so there is not too much of them.
CREATE VIEW lotwatch.standing_in AS
SELECT DISTINCT
    line.item_id,
    ordered.site_id
FROM lotwatch.recalled_not_bought AS recalled
INNER JOIN lotwatch.proposal_line AS line
    ON recalled.item_id = (line.why ->> 'in_place_of')::bigint AND line.why ? 'in_place_of' AND NOT line.refused
INNER JOIN lotwatch.proposal AS ordered ON line.proposal_id = ordered.proposal_id
WHERE ordered.kind = 'purchase_order' AND ordered.state NOT IN ('rejected', 'timed_out', 'refused', 'failed');

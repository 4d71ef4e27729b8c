-- Which proposals a stop in force covers. A transfer is of both its regions; a rule's are those with a line for its alerts.
CREATE VIEW lotwatch.proposal_stopped AS
SELECT
    proposal.proposal_id,
    stop.stop_switch_id,
    stop.scope,
    stop.key,
    stop.reason,
    stop.set_by
FROM lotwatch.stop_switch AS stop
INNER JOIN lotwatch.proposal AS proposal
    ON CASE stop.scope
        WHEN 'all' THEN TRUE
        WHEN 'region'
            THEN EXISTS (
                SELECT 1 FROM lotwatch.location AS place
                WHERE place.location_id IN (proposal.site_id, proposal.from_site_id) AND place.region = stop.key
            )
        WHEN 'rule'
            THEN EXISTS (
                SELECT 1 FROM lotwatch.proposal_line AS line
                INNER JOIN lotwatch.alert AS alert ON line.alert_id = alert.alert_id
                WHERE line.proposal_id = proposal.proposal_id AND NOT line.refused AND alert.rule_id = stop.key
            )
        WHEN 'supplier'
            THEN EXISTS (
                SELECT 1 FROM lotwatch.supplier AS supplier
                WHERE supplier.supplier_id = proposal.supplier_id AND supplier.code = stop.key
            )
    END
WHERE stop.lifted_at IS NULL;

-- What waits for an answer, and may this person give it now: as an approver of its step, or as a deputy after its time?
-- Nobody approves what they asked for, and nobody two steps of it.
SELECT
    proposal.proposal_id,
    proposal.code,
    proposal.kind,
    proposal.currency,
    proposal.revision,
    proposal.steps,
    proposal.asked_step AS step,
    proposal.asked_at,
    proposal.ask_until,
    proposal.asked_by_run,
    proposal.requested_by,
    proposal.details,
    proposal.cost,
    proposal.saves,
    proposal.confidence,
    proposal.alternatives,
    proposal.if_nobody_acts,
    coalesce(supplier.code, giver.code) AS from_code,
    coalesce(supplier.name, giver.name) AS from_name,
    proposal.site_id,
    site.code AS site_code,
    site.name AS site_name,
    site.time_zone,
    line.total,
    line.lines,
    answerable.mine
FROM lotwatch.proposal AS proposal
INNER JOIN lotwatch.location AS site ON proposal.site_id = site.location_id
LEFT JOIN lotwatch.location AS giver ON proposal.from_site_id = giver.location_id
LEFT JOIN lotwatch.supplier AS supplier ON proposal.supplier_id = supplier.supplier_id
CROSS JOIN
    LATERAL (
        SELECT
            coalesce(sum(wanted.quantity * wanted.unit_price), 0) AS total,
            count(*) AS lines
        FROM lotwatch.proposal_line AS wanted
        WHERE wanted.proposal_id = proposal.proposal_id AND NOT wanted.refused
    ) AS line
CROSS JOIN
    LATERAL (
        SELECT
            (
                proposal.asked_step = ANY(%(approver_of)s::text[])
                OR EXISTS (
                    SELECT 1 FROM unnest(%(deputy_of)s::text[], %(deputy_after)s::interval[]) AS deputy (step, after)
                    WHERE deputy.step = proposal.asked_step AND proposal.asked_at + deputy.after <= %(as_of)s::timestamptz
                )
            )
            AND proposal.requested_by <> %(user)s
            AND NOT EXISTS (
                SELECT 1 FROM lotwatch.approval AS said
                WHERE
                    said.proposal_id = proposal.proposal_id AND said.revision = proposal.revision
                    AND said.decided_by = %(user)s
            )
            AND NOT EXISTS (
                SELECT 1 FROM lotwatch.proposal_revision AS changed
                WHERE changed.proposal_id = proposal.proposal_id AND changed.changed_by = %(user)s AND changed.raised
            ) AS mine
    ) AS answerable
WHERE
    proposal.state = 'waiting' AND proposal.ask_until > %(as_of)s::timestamptz
    AND (%(proposals)s::bigint[] IS NULL OR proposal.proposal_id = ANY(%(proposals)s::bigint[]))
    AND (%(who)s = 'all' OR answerable.mine)
    AND (%(kind)s::text IS NULL OR proposal.kind = %(kind)s)
    AND (%(step)s::text IS NULL OR proposal.asked_step = %(step)s)
    AND (%(site)s::text IS NULL OR site.code = %(site)s OR giver.code = %(site)s)

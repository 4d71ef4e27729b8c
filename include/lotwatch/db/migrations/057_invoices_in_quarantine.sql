-- An invoice in quarantine says nothing of stock: what is told of its item goes on.
CREATE OR REPLACE VIEW lotwatch.item_in_quarantine WITH (security_barrier) AS
SELECT quarantine.item_code
FROM lotwatch.quarantine AS quarantine
WHERE
    quarantine.state = 'open'
    AND quarantine.entity <> 'invoice_line'
    AND (current_user <> 'lotwatch_board' OR (SELECT lotwatch.user_is_known()));

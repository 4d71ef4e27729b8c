-- What did the evaluation do to the alerts of each rule?
SELECT
    rule_id,
    count(*) FILTER (WHERE action = 'alert opened') AS opened,
    count(*) FILTER (WHERE action = 'alert reopened') AS reopened,
    count(*) FILTER (WHERE action = 'alert worsened') AS worsened,
    count(*) FILTER (WHERE action = 'alert resolved') AS resolved
FROM acted
GROUP BY rule_id;

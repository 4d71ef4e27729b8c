-- Of which rules is the first evaluation due that is told to nobody?
SELECT rule_id FROM lotwatch.rule_baseline;

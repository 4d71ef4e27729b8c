-- What does the check find? A template: the check's own SELECT goes in.
-- noqa: disable=PRS,RF01
INSERT INTO found (examined, subject_key, item_id, site_id, quantity, value, evidence)
SELECT
    answer.examined,
    answer.subject_key,
    answer.item_id,
    answer.site_id,
    answer.quantity,
    answer.value,
    answer.evidence
FROM ({findings}) AS answer;

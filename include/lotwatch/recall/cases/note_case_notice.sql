-- The notice belongs to the case.
INSERT INTO lotwatch.recall_case_notice (notice_id, case_id) VALUES (%(notice_id)s, %(case_id)s)
ON CONFLICT (notice_id) DO NOTHING;

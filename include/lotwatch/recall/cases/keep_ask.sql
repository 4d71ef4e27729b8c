-- What a passage asks for.
INSERT INTO lotwatch.recall_ask (version_id, ask_no, kind, field, starts, ends, said)
VALUES (%(version_id)s, %(ask_no)s, %(kind)s, %(field)s, %(starts)s, %(ends)s, %(said)s);

-- A portal has a row from the first time on that it is asked something.
INSERT INTO lotwatch.portal_state (portal) VALUES (%(portal)s)
ON CONFLICT (portal) DO NOTHING;

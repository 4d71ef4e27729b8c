-- Orders that were asked for and whose time has long passed (their run was deleted): propose them anew.
UPDATE lotwatch.proposal SET
    state = 'proposed',
    asked_by_run = NULL,
    ask_until = NULL,
    asked_step = NULL,
    asked_at = NULL,
    asked_number = NULL
WHERE state = 'waiting' AND ask_until < %(as_of)s::timestamptz - interval '1 hour';

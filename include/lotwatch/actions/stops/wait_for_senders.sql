-- A stop waits a moment for what is being sent, never longer.
SET LOCAL lock_timeout = '1500ms';

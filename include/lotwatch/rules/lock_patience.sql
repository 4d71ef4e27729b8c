-- Give up waiting for another's rows before PostgreSQL looks for a deadlock (deadlock_timeout, a second).
SET LOCAL lock_timeout = '500ms';

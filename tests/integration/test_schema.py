"""The schema keeps its promises whoever writes."""

import psycopg
import pytest

from lotwatch.db.migrate import migrate


@pytest.mark.parametrize("table", ["audit_event", "run", "run_log", "movement", "policy", "approval"])
def test_what_is_written_once_can_be_neither_changed_nor_removed(db: psycopg.Connection, table: str) -> None:
    for statement in ("DELETE FROM lotwatch.{}", "TRUNCATE lotwatch.{} CASCADE"):
        with pytest.raises(psycopg.Error), db.transaction():
            db.execute(psycopg.sql.SQL(statement).format(psycopg.sql.Identifier(table)))


def test_even_the_owner_cannot_change_an_audit_event(database, db_name) -> None:
    with psycopg.connect(database.database_url("migrator", db_name)) as conn:
        conn.execute(
            "INSERT INTO lotwatch.audit_event (actor, action, object_kind, object_id) VALUES ('a', 'b', 'c', 'd')"
        )
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            conn.execute("UPDATE lotwatch.audit_event SET actor = 'someone else'")


def test_migrating_twice_changes_nothing(database, db_name) -> None:
    with psycopg.connect(database.database_url("migrator", db_name)) as conn:
        assert migrate(conn) == []


def test_the_application_may_not_change_the_schema(db: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute("DROP TABLE lotwatch.movement")

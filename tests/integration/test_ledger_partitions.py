"""Movements of each month lie in a part of their own; nothing is lost where one is missing, nothing is ever changed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import psycopg
import pytest
from psycopg import sql

from lotwatch import ledger
from lotwatch.ledger import Difference
from lotwatch_local.settings import Settings
from tests.integration.company import Company

LATER = datetime(2031, 3, 31, 23, 59, 59, tzinfo=UTC)


@pytest.fixture
def owner(database: Settings, db_name: str) -> Iterator[psycopg.Connection]:
    """A connection as the owner of the tables."""
    with psycopg.connect(database.database_url("migrator", db_name), autocommit=True) as conn:
        yield conn


@pytest.fixture
def waiting(company: Company, owner: psycopg.Connection) -> Company:
    """50 received now, and 7 transferred in a month for which nobody had made a part."""
    company.item()
    company.lot()
    company.move(50, "DC", days_ago=20, key="receipt")
    company.post()
    owner.execute(
        "WITH source AS (INSERT INTO lotwatch.movement_source (source, source_event_id, recorded_at)"
        " VALUES ('test', 'far ahead', %(at)s) RETURNING movement_id)"
        " INSERT INTO lotwatch.movement (movement_id, recorded_at, occurred_at, item_id, lot_id, from_location_id,"
        " to_location_id, quantity, from_counted, to_counted, from_owner, to_owner, from_status, to_status, kind, source,"
        " source_event_id)"
        " SELECT source.movement_id, %(at)s, m.occurred_at, m.item_id, m.lot_id, m.to_location_id, hosp.location_id, 7,"
        " true, true, 'own', 'own', 'unrestricted', 'unrestricted', 'movement', 'test', 'far ahead'"
        " FROM source, lotwatch.movement AS m, lotwatch.location AS hosp WHERE hosp.code = 'HOSP/OR'",
        {"at": LATER},
    )
    assert ledger.rebuild(company.conn) == 2
    company.conn.commit()
    return company


def parts(conn: psycopg.Connection) -> dict[str, int]:
    """How many movements are in each part that has any."""
    rows = conn.execute("SELECT tableoid::regclass::text, count(*)::int FROM lotwatch.movement GROUP BY 1").fetchall()
    conn.commit()
    return {name.removeprefix("lotwatch_partition."): number for name, number in rows}


def test_a_movement_of_a_month_without_a_part_is_kept_and_verify_says_so(waiting: Company) -> None:
    assert parts(waiting.conn)["movement_default"] == 1
    assert (waiting.position("DC"), waiting.position("HOSP/OR")) == (43, 7)
    assert ledger.verify(waiting.conn) == [Difference("default partition", "movements of 2031-03", 1, 0)]


def test_making_the_part_moves_what_waited_and_changes_nothing_else(waiting: Company) -> None:
    before = waiting.conn.execute("SELECT * FROM lotwatch.movement ORDER BY movement_id").fetchall()
    assert ledger.make_partitions(waiting.conn, date(2031, 3, 1), months_ahead=0) == 1
    waiting.conn.commit()
    assert "movement_default" not in parts(waiting.conn)
    assert parts(waiting.conn)["movement_2031_03"] == 1
    assert waiting.conn.execute("SELECT * FROM lotwatch.movement ORDER BY movement_id").fetchall() == before
    assert ledger.verify(waiting.conn) == []
    assert ledger.rebuild(waiting.conn) == 0


@pytest.mark.parametrize("made", [False, True])
def test_what_waited_can_be_taken_back_before_and_after_it_has_its_part(waiting: Company, made: bool) -> None:
    if made:
        ledger.make_partitions(waiting.conn, LATER.date())
    waiting.add("movement", "undo", kind="reversal", reverses_key="far ahead")
    assert waiting.post()["movement"] == 1
    assert (waiting.position("DC"), waiting.position("HOSP/OR")) == (50, 0)


def test_a_movement_on_the_last_second_of_a_month_is_of_that_month_whatever_zone_the_session_has(
    waiting: Company,
) -> None:
    waiting.conn.execute("SET TIME ZONE 'Asia/Shanghai'")
    ledger.make_partitions(waiting.conn, LATER.date(), months_ahead=1)
    waiting.conn.commit()
    assert parts(waiting.conn)["movement_2031_03"] == 1


def test_nobody_changes_or_removes_a_movement_in_the_whole_or_in_a_part(
    waiting: Company, owner: psycopg.Connection
) -> None:
    ledger.make_partitions(waiting.conn, LATER.date())
    waiting.conn.commit()
    tables = [sql.Identifier("lotwatch", "movement")]
    tables += [sql.Identifier("lotwatch_partition", name) for name in every_part(owner)]
    statements = ("UPDATE {} SET quantity = 1", "DELETE FROM {}", "TRUNCATE {}", "TRUNCATE {} CASCADE")
    for table in tables:
        for statement in statements:
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                owner.execute(sql.SQL(statement).format(table))
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.RaiseException)):
                waiting.conn.execute(sql.SQL(statement).format(table))
            waiting.conn.rollback()
    assert len(parts(waiting.conn)) == 2


def every_part(owner: psycopg.Connection) -> list[str]:
    rows = owner.execute(
        "SELECT c.relname FROM pg_inherits JOIN pg_class AS c ON c.oid = inhrelid"
        " WHERE inhparent = 'lotwatch.movement'::regclass"
    ).fetchall()
    assert len(rows) > 5
    return [name for (name,) in rows]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE lotwatch_partition.mine (x int)",
        "CREATE TABLE lotwatch.mine (x int)",
        "INSERT INTO lotwatch_partition.movement_default SELECT * FROM lotwatch.movement",
        "ALTER TABLE lotwatch_partition.movement_default DISABLE TRIGGER movement_append_only",
        "ALTER TABLE lotwatch.movement DETACH PARTITION lotwatch_partition.movement_default",
        "DROP TABLE lotwatch_partition.movement_default",
    ],
)
def test_the_application_reaches_the_parts_through_the_whole_alone(waiting: Company, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        waiting.conn.execute(statement.encode())


def test_a_part_that_is_made_has_everything_that_the_whole_has(waiting: Company, owner: psycopg.Connection) -> None:
    ledger.make_partitions(waiting.conn, LATER.date())
    waiting.conn.commit()
    rows = owner.execute(
        "SELECT c.relname, (SELECT count(*) FROM pg_index WHERE indrelid = c.oid),"
        " (SELECT count(*) FROM pg_constraint WHERE conrelid = c.oid AND contype = 'c'),"
        " (SELECT count(*) FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal)"
        " FROM pg_inherits JOIN pg_class AS c ON c.oid = inhrelid WHERE inhparent = 'lotwatch.movement'::regclass"
    ).fetchall()
    assert len({tuple(row[1:]) for row in rows}) == 1, rows

"""Each table is written by the one room that owns it: what `tests/ownership.yaml` says, and the code keeps."""

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlglot
import yaml
from sqlglot import exp
from sqlglot.errors import ParseError

from lotwatch_local.settings import PROJECT

LIBRARY = PROJECT / "include" / "lotwatch"
BOARD = PROJECT / "include" / "lotwatch_airflow"
TABLE: dict[str, Any] = yaml.safe_load((PROJECT / "tests" / "ownership.yaml").read_text())
#: (room, verb and table) that an exception allows
EXCEPTIONS = {(each["room"], may) for each in TABLE["exceptions"] for may in each["may"]}
WRITES = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Copy, exp.TruncateTable)
WRITE = re.compile(
    r"\b(?P<verb>INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO|TRUNCATE(?:\s+TABLE)?|COPY)\s+(?:ONLY\s+)?"
    r"(?P<table>(?:lotwatch|stage)\.[\w{}]+)",
    re.IGNORECASE,
)


def statements(text: str) -> list[exp.Expression]:
    """What sqlglot makes of a file's SQL, psycopg's placeholders and templates filled in. Raises ParseError."""
    text = re.sub(r"%\((\w+)\)s", r":\1", text).replace("%%", "%")
    text = re.sub(r"^\s*\{\w+\}\s*$", "", text, flags=re.MULTILINE)  # further clauses, which are not written here
    text = re.sub(r"\{(\w+)\}", r"\1", text)  # a name
    return [statement for statement in sqlglot.parse(text, read="postgres") if statement is not None]


def writes(text: str) -> Iterator[tuple[str, str]]:
    """(verb, table) of everything that a file's SQL writes, inside CTEs and functions too."""
    for statement in statements(text):
        for node in statement.walk():
            if isinstance(node, exp.Command):  # read as words: LOCK, DO, CREATE FUNCTION
                yield from written_in_words(node.sql(dialect="postgres"))
            elif isinstance(node, WRITES) and not node.find_ancestor(exp.When):
                verb = type(node).__name__.removesuffix("Table").upper()
                targets = node.expressions if isinstance(node, exp.TruncateTable) else [node.this.find(exp.Table)]
                for target in targets:
                    if target.db:  # without a schema it is a temporary table
                        yield verb, named(target.db, target.name)


def written_in_words(text: str) -> Iterator[tuple[str, str]]:
    for found in WRITE.finditer(text):
        schema, name = found["table"].split(".")
        yield found["verb"].split()[0].upper(), named(schema, name)


def named(schema: str, table: str) -> str:
    """A table as ownership.yaml names it."""
    return table if schema == "lotwatch" else f"{schema}.{table}"


def owner(table: str) -> str | None:
    for room, tables in TABLE["owners"].items():
        if any(fnmatch(table, pattern) for pattern in tables):
            return room
    return None


def is_allowed(room: str, verb: str, table: str) -> bool:
    if owner(table) == room:
        return True
    return any(known == room and fnmatch(f"{verb} {table}", pattern) for known, pattern in EXCEPTIONS)


def sql_files() -> list[Path]:
    """The modules' SQL; migrations make tables, and own them all."""
    found = [*LIBRARY.rglob("*.sql"), *BOARD.rglob("*.sql")]
    return sorted(path for path in found if path.parent.name != "migrations")


def room_of(path: Path) -> str:
    """The folder of the library; what is outside of the library owns nothing."""
    return path.relative_to(LIBRARY).parts[0] if path.is_relative_to(LIBRARY) else "no room"


@pytest.mark.parametrize("path", sql_files(), ids=lambda path: "/".join(path.parts[-3:]))
def test_a_room_writes_only_its_own_tables(path: Path) -> None:
    crossed = [
        f"{verb} {table} (of {owner(table)})"
        for verb, table in writes(path.read_text())
        if not is_allowed(room_of(path), verb, table)
    ]
    assert crossed == []


def test_sql_within_python_writes_only_its_rooms_own_tables_too() -> None:
    crossed = [
        f"{path.name}: {verb} {table}"
        for path in [*LIBRARY.rglob("*.py"), *BOARD.rglob("*.py")]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for verb, table in written_in_words(node.value)
        if not is_allowed(room_of(path), verb, table)
    ]
    assert crossed == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INSERT INTO lotwatch.batch (a) VALUES (%(a)s) ON CONFLICT (a) DO UPDATE SET a = 1", {("INSERT", "batch")}),
        ("UPDATE lotwatch.hold AS h SET a = '%%' FROM lotwatch.lot AS l", {("UPDATE", "hold")}),
        ("DELETE FROM stage.{entity} AS s USING lotwatch.batch AS b WHERE s.x = b.x", {("DELETE", "stage.entity")}),
        ("TRUNCATE lotwatch.change, lotwatch.hold", {("TRUNCATE", "change"), ("TRUNCATE", "hold")}),
        ("COPY lotwatch.audit_event (a) FROM STDIN", {("COPY", "audit_event")}),
        (
            "MERGE INTO lotwatch.alert AS a USING x ON a.i = x.i WHEN NOT MATCHED THEN INSERT (i) VALUES (x.i)",
            {("MERGE", "alert")},
        ),
        ("WITH w AS (INSERT INTO lotwatch.hold DEFAULT VALUES RETURNING 1) SELECT * FROM w", {("INSERT", "hold")}),
        (
            "SELECT 1; WITH a AS (WITH b AS (DELETE FROM lotwatch.lot RETURNING 1) SELECT 1) SELECT 1",
            {("DELETE", "lot")},
        ),
        ("DO $$ BEGIN UPDATE lotwatch.item SET a = 1; END $$", {("UPDATE", "item")}),
        ("INSERT INTO finding SELECT * FROM lotwatch.alert", set()),
        ("SELECT * FROM lotwatch.batch FOR UPDATE OF batch", set()),
    ],
)
def test_a_planted_write_is_found(text: str, expected: set[tuple[str, str]]) -> None:
    assert set(writes(text)) == expected


def test_a_planted_crossing_is_refused_and_what_cannot_be_read_is_not_passed_over() -> None:
    assert not is_allowed("rules", "DELETE", "change")
    assert not is_allowed("gate", "INSERT", "batch")
    assert not is_allowed("gate", "UPDATE", "a_table_nobody_owns")
    assert is_allowed("gate", "UPDATE", "stage.item")
    with pytest.raises(ParseError):
        list(writes("SELECT FROM FROM ("))


def test_every_table_has_one_owner_and_every_owner_a_table(db: psycopg.Connection) -> None:
    real = {
        named(schema, table)
        for schema, table in db.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('lotwatch', 'stage')"
        )
    }
    assert {table for table in real if owner(table) is None} == set()
    claims = [pattern for tables in TABLE["owners"].values() for pattern in tables]
    assert [claim for claim in claims if not any(fnmatch(table, claim) for table in real)] == []
    assert len(claims) == len(set(claims)), "one room each"
    assert {room for room in TABLE["owners"] if not (LIBRARY / room).is_dir()} == set()


def test_every_exception_is_needed_and_says_why() -> None:
    done = {(room_of(path), f"{verb} {table}") for path in sql_files() for verb, table in writes(path.read_text())}
    for room, pattern in EXCEPTIONS:
        assert any(room == by and fnmatch(what, pattern) for by, what in done), f"{room} does not {pattern}"
    assert all(len(each["why"]) > 20 for each in TABLE["exceptions"])

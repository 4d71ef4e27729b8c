"""A hospital's views reach the ledger by the sample mapping, read-only, and what changes there follows."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lotwatch import gate
from lotwatch.audit import begin_run
from lotwatch.errors import SourceError
from lotwatch.jobs import sync
from lotwatch.ledger.counts import list_counts
from lotwatch.paths import EXPECTATIONS
from lotwatch.sources import pending_batches
from lotwatch.sources.connector import Connector, Login, Record
from lotwatch.sources.registry import Source, connector
from lotwatch_local import postgres
from lotwatch_local.settings import Settings
from tests.integration.company import NOW, Company, context

VIEWS = (Path(__file__).parent / "his_views.sql").read_text(encoding="utf-8")


@pytest.fixture
def his(database: Settings, db_name: str) -> Iterator[psycopg.Connection]:
    """The HIS, as its administrator sees it: for the test it lies beside our own tables."""
    with postgres.connect_superuser(database, db_name) as conn:
        conn.execute(VIEWS)
        yield conn


@pytest.fixture
def conn(company: Company, db_url: str) -> Iterator[psycopg.Connection]:
    company.location("SCRAP", kind="scrap")
    company.post()
    with psycopg.connect(db_url, autocommit=True) as conn:
        yield conn


def his_views(db_url: str, mapping: str = "samples/his_views.yaml", **options: Any) -> Connector:
    source = Source(kind="sql_query", connection="his", schedule="* * * * *", options={"mapping": mapping, **options})
    return connector(source, Login(db_url))


def synced(conn: psycopg.Connection, made: Connector) -> dict[str, int]:
    run = begin_run(conn, context())
    sync.pull(conn, run, "his", made, None)
    waiting = pending_batches(conn, "his", "staged")
    report = gate.run_gate(conn, waiting, suites=EXPECTATIONS, docs=Path(), as_of=NOW, referee=False)
    assert [batch.error for batch in report.batches] == [None]
    return sync.post(conn, run, "his")


def stock(conn: psycopg.Connection) -> dict[tuple[str, str], int]:
    rows = conn.execute(
        "SELECT l.code, i.code, sum(p.quantity)::int FROM lotwatch.position AS p JOIN lotwatch.item AS i USING (item_id)"
        " JOIN lotwatch.location AS l USING (location_id) WHERE l.holds_stock GROUP BY 1, 2 HAVING sum(p.quantity) <> 0"
    ).fetchall()
    return {(place, item): quantity for place, item, quantity in rows}


def quarantined(conn: psycopg.Connection) -> dict[str, list[str]]:
    found = conn.execute("SELECT source_key, reasons FROM lotwatch.quarantine WHERE state = 'open'").fetchall()
    return dict(found)


def read(made: Connector, entity: str, cursor: Any = None) -> tuple[dict[str, Record], Any]:
    pages = list(made.changed(entity, cursor))
    return {record.source_key: record for page in pages for record in page.records}, pages[-1].cursor


def test_a_hospital_s_views_reach_the_ledger(his: Any, conn: psycopg.Connection, db_url: str) -> None:
    posted = synced(conn, his_views(db_url))
    assert quarantined(conn) == {}
    assert posted["movement"] == 9
    # 100 came, 30 went to the cath lab and 2 came back, 4 were used, 1 scrapped, 10 were a mistake and taken back
    assert {place: quantity for (place, item), quantity in stock(conn).items() if item == "HC001"} == {
        "KF01": 71, "JR": 24,
    }  # fmt: skip
    used = conn.execute(
        "SELECT u.number, u.usable_through::text FROM lotwatch.movement JOIN lotwatch.serial_unit AS u USING (serial_id)"
    ).fetchall()
    assert used == [("S77", "2028-01-31")]
    assert synced(conn, his_views(db_url)).get("movement") is None


def test_opening_balances_are_read_once_and_wait_for_a_person(his: Any, conn: psycopg.Connection, db_url: str) -> None:
    synced(conn, his_views(db_url))
    (count,) = list_counts(conn, limit=5)
    assert (count.kind, count.site_code) == ("opening", "YQ")
    his.execute("UPDATE his_stock SET qty = 999")
    his.commit()
    _, cursor = read(his_views(db_url), "count")
    assert read(his_views(db_url), "count", cursor)[0] == {}


def test_a_cancelled_use_is_taken_back(his: Any, conn: psycopg.Connection, db_url: str) -> None:
    synced(conn, his_views(db_url))
    his.execute("UPDATE his_use SET state = '已取消', changed = '2026-06-15 15:00' WHERE id = 'U1'")
    his.commit()
    assert synced(conn, his_views(db_url))["movement"] == 1
    taken_back = conn.execute(
        "SELECT source_event_id, kind FROM lotwatch.movement WHERE reverses_id IS NOT NULL AND source_event_id LIKE 'use:%'"
    ).fetchall()
    assert taken_back == [("use:U1|deleted", "reversal")]


def test_only_what_changed_is_read_with_an_overlap(his: Any, db_url: str) -> None:
    records, cursor = read(his_views(db_url), "movement")
    assert len(records) == 9
    assert cursor["feeds"]["出入库明细"]["seen"] == "2026-06-05T02:00:00+00:00"
    his.execute("UPDATE his_line SET changed = '2026-06-14 12:00' WHERE id = 'M1'")
    his.commit()
    records, _ = read(his_views(db_url), "movement", cursor)
    assert sorted(records) == ["M1", "M6", "use:U1"]


def test_a_backfill_reads_its_interval_in_the_hospital_s_time(his: Any, db_url: str) -> None:
    start = datetime(2026, 6, 1, 16, tzinfo=UTC)  # midnight in Shanghai, the second of June
    pages = his_views(db_url).changed_between("movement", start, start.replace(day=2))
    keys = [record.source_key for page in pages for record in page.records]
    assert "M1" in keys
    assert "M6" not in keys


def test_nothing_can_be_written_whatever_the_query_says(his: Any, db_url: str, tmp_path: Path) -> None:
    his.execute("GRANT INSERT ON his_stock TO PUBLIC")
    his.commit()
    mapping = tmp_path / "bad.yaml"
    mapping.write_text(
        "entities:\n  supplier:\n"
        "    query: SELECT lower(x::text) AS code FROM (SELECT nextval('lotwatch.movement_id') AS x) AS y\n"
        "    key: code\n    columns: {code: code}\n"
    )
    with pytest.raises(SourceError, match="read-only transaction"):
        read(his_views(db_url, str(mapping)), "supplier")


def test_a_query_of_the_ops_team_is_read_as_it_is_written(db_url: str, tmp_path: Path) -> None:
    mapping = tmp_path / "query.yaml"
    mapping.write_text(
        "entities:\n  supplier:\n"
        "    query: |\n      SELECT 'A''%:x'::text AS \"Code\", null AS name UNION ALL SELECT 'B', 'b';\n"
        "    key: Code\n    columns: {code: Code, name: {from: name, required: true}}\n"
    )
    records, _ = read(his_views(db_url, str(mapping)), "supplier")
    assert {key: [p.reason for p in record.problems] for key, record in records.items()} == {
        "A'%:x": ["it is empty, and required"],
        "B": [],
    }


def test_what_takes_too_long_is_stopped_and_may_be_tried_again(db_url: str, tmp_path: Path) -> None:
    mapping = tmp_path / "slow.yaml"
    mapping.write_text(
        "entities:\n  supplier:\n    query: SELECT pg_sleep(30)::text AS code\n    key: code\n    columns: {code: code}\n"
    )
    with pytest.raises(SourceError, match="statement timeout") as caught:
        read(his_views(db_url, str(mapping), statement_seconds=1), "supplier")
    assert caught.value.retry


def test_a_view_or_column_that_is_not_there_is_told(his: Any, db_url: str, tmp_path: Path) -> None:
    mapping = tmp_path / "names.yaml"
    text = "entities:\n  supplier:\n    view: lotwatch.{view}\n    key: 供应商编码\n    columns: {{code: {column}}}\n"
    mapping.write_text(text.format(view="供应商", column="供应商编号"))
    with pytest.raises(SourceError, match=r"which lotwatch\.供应商 does not have") as caught:
        read(his_views(db_url, str(mapping)), "supplier")
    assert "did you mean 供应商编码?" in caught.value.do
    mapping.write_text(text.format(view="供货商", column="供应商编码"))
    with pytest.raises(SourceError, match="does not exist") as caught:
        read(his_views(db_url, str(mapping)), "supplier")
    assert not caught.value.retry


def test_another_database_needs_its_driver_and_is_told_which(tmp_path: Path) -> None:
    source = Source(
        kind="sql_query", connection="his", schedule="* * * * *", options={"mapping": "samples/his_views.yaml"}
    )
    with pytest.raises(SourceError, match="There is no driver for mssql here") as caught:
        connector(source, Login("mssql://his.example:1433", database="HIS", user="reader", password="hidden"))
    assert "pip install pyodbc" in caught.value.do
    assert "hidden" not in str(caught.value)


def test_another_database_whose_driver_is_there_is_read(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute('CREATE TABLE "Parts" (no TEXT, label TEXT, changed TEXT)')
        other.executemany('INSERT INTO "Parts" VALUES (?, ?, ?)', [
            ("1", "one", "2026-06-01 08:00:00"), ("2", "two", "2026-06-02 08:00:00"), (None, "none", None)
        ])  # fmt: skip
    mapping = tmp_path / "parts.yaml"
    mapping.write_text(
        "time_zone: Asia/Shanghai\nentities:\n  item:\n    view: Parts\n    key: 'no'\n"
        "    changed: {column: changed, format: '%Y-%m-%d %H:%M:%S'}\n    columns: {code: 'no', name: label}\n"
    )
    source = Source(kind="sql_query", connection="his", schedule="* * * * *", options={"mapping": str(mapping)})
    made = connector(source, Login("sqlite://", database=str(path)))
    records, cursor = read(made, "item")
    assert {key: record.row["name"] for key, record in records.items()} == {
        "Parts, row 1": "none", "1": "one", "2": "two",
    }  # fmt: skip
    assert [problem.reason for problem in records["Parts, row 1"].problems] == ["it is empty, and part of the key"]
    again, _ = read(made, "item", {"feeds": {"Parts": cursor["feeds"]["Parts"] | {"again": None}}})
    assert sorted(again) == ["2", "Parts, row 1"]

"""Recall notices come in whole, version by version, whatever the regulator's server does meanwhile."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from lotwatch import sources
from lotwatch.audit import RunContext, begin_run
from lotwatch.errors import SourceError
from lotwatch.gate import run_gate
from lotwatch.jobs import sync
from lotwatch.paths import EXPECTATIONS
from lotwatch.sources.connector import Connector, Login, Record
from lotwatch.sources.openfda import pull
from lotwatch.sources.openfda.joining import Joined
from lotwatch.sources.openfda.mapping import notice
from lotwatch_local import postgres
from lotwatch_local.settings import Settings
from tests.integration.company import context
from tests.integration.servers import COMPLIANCE_KEY, Server, compliance
from tests.worlds import EMPTY, copy

TODAY = date(2026, 6, 15)
LATER = datetime(2026, 6, 20, 8, tzinfo=UTC)
DETAILS = (
    "authority, issuer, number, recall_class, status, code_info, more_code_info, action, firm, udi_dis, published_on"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with compliance(tmp_path_factory.mktemp("compliance"), TODAY.isoformat()) as server:
        yield server


@pytest.fixture(autouse=True)
def _as_it_began(server: Server) -> None:
    server.reset()


@pytest.fixture
def login(server: Server) -> Login:
    return Login(server.url, password=COMPLIANCE_KEY)


def bring(
    conn: psycopg.Connection, connector: Connector, source: str = "compliance", run: str = "run"
) -> dict[str, int]:
    """Pull, gate and post, as sync_<source> does (without Great Expectations); what was new or changed."""
    conn.commit()
    conn.autocommit = True
    circumstances = begin_run(conn, context("sync", run, LATER))
    sync.pull(conn, circumstances, source, connector, None)
    return settle(conn, circumstances, source)


def settle(conn: psycopg.Connection, circumstances: RunContext, source: str) -> dict[str, int]:
    waiting = sources.pending_batches(conn, source, "staged")
    run_gate(conn, waiting, suites=EXPECTATIONS, docs=Path(), as_of=LATER, referee=False)
    return sync.post(conn, circumstances, source)


def reader(login: Login, **options: Any) -> Connector:
    """openFDA read in small pages, never waiting long for the server."""
    made = pull(login, **{"page_size": 7, **options})
    made._http._sleep = lambda seconds: None
    return made


def known(conn: psycopg.Connection) -> list[tuple]:
    """What each notice says now."""
    return conn.execute(f"SELECT {DETAILS} FROM lotwatch.notice_current ORDER BY number").fetchall()  # noqa: S608


def versions(conn: psycopg.Connection, number: str) -> list[dict[str, Any]]:
    """The versions of a notice in the order in which they were said."""
    return (
        conn
        .cursor(row_factory=dict_row)
        .execute(
            "SELECT v.* FROM lotwatch.notice_version AS v JOIN lotwatch.notice USING (notice_id)"
            " WHERE number = %s ORDER BY v.said_at, v.version_id",
            (number,),
        )
        .fetchall()
    )


def count(conn: psycopg.Connection, table: str) -> int:
    row = conn.execute(
        psycopg.sql.SQL("SELECT count(*) FROM lotwatch.{}").format(psycopg.sql.Identifier(table))
    ).fetchone()
    assert row is not None
    return int(row[0])


def numbers(server: Server) -> list[str]:
    return sorted(server.received("published")["numbers"])


# --- what is read


def test_every_notice_of_both_endpoints_comes_in_once_and_joined(
    db: psycopg.Connection, server: Server, login: Login
) -> None:
    bring(db, reader(login))
    assert [row[2] for row in known(db)] == numbers(server)
    assert count(db, "notice_version") == len(numbers(server))
    both = db.execute(
        "SELECT count(*) FROM lotwatch.notice_current WHERE recall_class IS NOT NULL AND root_cause IS NOT NULL"
    ).fetchone()
    assert both == (len(numbers(server)) - 4,), "two are only in either endpoint"
    row = db.execute(
        "SELECT count(*) FILTER (WHERE code_info LIKE '%%inclusive%%' AND more_code_info IS NULL),"
        " count(*) FILTER (WHERE cardinality(udi_dis) > 0), count(*) FILTER (WHERE raw -> 'recall' -> 'openfda' ->"
        " 'device_class' IS NOT NULL) FROM lotwatch.notice_current"
    ).fetchone()
    assert row is not None
    assert min(row) > 0


def test_what_has_not_been_renewed_is_not_read_again(db: psycopg.Connection, server: Server, login: Login) -> None:
    bring(db, reader(login))
    connector = reader(login)
    assert [page.records for page in connector.changed("notice", cursor(db))] == []
    assert bring(db, connector, run="again") == {}
    server.control(
        "say", endpoint="enforcement", number=numbers(server)[5], fields={"status": "Completed"}, renewed="2026-06-17"
    )
    assert bring(db, reader(login), run="renewed") == {"notice": 1}


def cursor(conn: psycopg.Connection) -> dict[str, Any]:
    row = conn.execute("SELECT cursor FROM lotwatch.source_cursor WHERE source = 'compliance'").fetchone()
    assert row is not None
    return dict(row[0])


def test_a_notice_that_grows_and_shrinks_has_a_version_for_each_and_none_is_overwritten(
    db: psycopg.Connection, server: Server, login: Login
) -> None:
    bring(db, reader(login))
    number = open_notice(db)
    first = versions(db, number)[0]["code_info"]
    for day, code_info in ((17, f"{first}; also L9"), (18, f"{first}; also L9"), (19, first)):
        server.control(
            "say", endpoint="enforcement", number=number, fields={"code_info": code_info}, renewed=f"2026-06-{day}"
        )
        server.control("say", endpoint="recall", number=number, fields={"code_info": code_info})
        bring(db, reader(login), run=f"day {day}")
    assert [version["code_info"] for version in versions(db, number)] == [first, f"{first}; also L9", first]
    with pytest.raises(psycopg.Error):
        db.execute("UPDATE lotwatch.notice_version SET code_info = ''")


def open_notice(conn: psycopg.Connection) -> str:
    """A notice in both endpoints that is not terminated."""
    row = conn.execute(
        "SELECT min(number) FROM lotwatch.notice_current WHERE status = 'ongoing' AND root_cause IS NOT NULL"
        " AND recall_class IS NOT NULL AND more_code_info IS NULL"
    ).fetchone()
    assert row is not None
    return str(row[0])


def test_versions_learned_out_of_order_are_kept_in_the_order_in_which_they_were_said(db: psycopg.Connection) -> None:
    learned: dict[tuple[int, ...], list[str]] = {}
    for number, order in (("Z-1-2026", (1, 2, 3)), ("Z-2-2026", (3, 1, 2))):
        for day in order:
            report = {"recall_number": number, "code_info": f"Lots 1 to {day}", "product_description": "Stent"}
            said = notice(Joined(report, None), datetime(2026, 6, day, tzinfo=UTC))
            bring(db, Given([said]), run=f"{number} {day}")
        learned[order] = [version["code_info"] for version in versions(db, number)]
    assert learned[1, 2, 3] == learned[3, 1, 2] == ["Lots 1 to 1", "Lots 1 to 2", "Lots 1 to 3"]
    rows = db.execute("SELECT number, code_info FROM lotwatch.notice_current ORDER BY number").fetchall()
    assert rows == [("Z-1-2026", "Lots 1 to 3"), ("Z-2-2026", "Lots 1 to 3")]


class Given:
    """A connector over records that are there."""

    def __init__(self, records: list[Record]) -> None:
        self.entities: tuple[str, ...] = ("notice",)
        self._records = records

    def changed(self, entity: str, cursor: Any) -> Iterator[Any]:
        yield sources.Page(self._records)

    def changed_between(self, entity: str, start: datetime, end: datetime) -> Iterator[Any]:
        return self.changed(entity, None)

    def server_time(self) -> None:
        return None


def test_a_moment_that_is_yet_to_come_keeps_no_version_in_force(db: psycopg.Connection) -> None:
    then = datetime(2126, 1, 1, tzinfo=UTC)
    for run, as_of, said_at in (("odd", LATER, then), ("new", then, then - timedelta(days=1))):
        record = notice(Joined({"recall_number": "Z-1-2026", "code_info": run}, None), said_at)
        bring_as_of(db, Given([record]), run, as_of)
    assert [row[5] for row in known(db)] == ["new"]


def bring_as_of(conn: psycopg.Connection, connector: Connector, run: str, as_of: datetime) -> None:
    conn.commit()
    conn.autocommit = True
    circumstances = begin_run(conn, replace(context("sync", run), as_of=as_of))
    sync.pull(conn, circumstances, "compliance", connector, None)
    settle(conn, circumstances, "compliance")


def test_a_backfill_reads_its_days_and_leaves_the_cursor_alone(db: psycopg.Connection, login: Login) -> None:
    db.commit()
    db.autocommit = True
    circumstances = begin_run(db, context("sync", "backfill", LATER, run_type="backfill"))
    interval = (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    sync.pull(db, circumstances, "compliance", reader(login), interval)
    settle(db, circumstances, "compliance")
    found = [row[10] for row in known(db)]
    assert found
    assert all(date(2026, 2, 1) <= day <= date(2026, 4, 10) for day in found)
    assert count(db, "source_cursor") == 0


# --- what goes wrong

FAULTS = [
    ("cut_off", 1), ("cut_off", 4), ("500", 2), ("429", 3), ("malformed", 1), ("repeat", 20), ("garbage", 20),
    ("back_in_time", 3), ("back_in_time", 40), ("latency", 2),
]  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(database: Settings, server: Server) -> list[tuple]:
    """What each notice says and said after two pulls that nothing disturbed, the second after a change."""
    login = Login(server.url, password=COMPLIANCE_KEY)
    server.reset()
    with postgres.connect_superuser(database) as superuser:
        name = copy(superuser, EMPTY)
    with psycopg.connect(database.database_url("app", name)) as conn:
        bring(conn, reader(login))
        change(server)
        bring(conn, reader(login), run="second")
        server.reset()
        return [*known(conn), *history(conn)]


def history(conn: psycopg.Connection) -> list[tuple]:
    return conn.execute(
        "SELECT number, array_agg(encode(digest, 'hex') ORDER BY said_at, version_id) FROM lotwatch.notice_version"
        " JOIN lotwatch.notice USING (notice_id) GROUP BY number ORDER BY number"
    ).fetchall()


def change(server: Server) -> None:
    for number in numbers(server)[3:9]:
        fields = {"code_info": f"Lots A1, A2 and more of {number}"}
        server.control("say", endpoint="enforcement", number=number, fields=fields, renewed="2026-06-17")


@pytest.mark.parametrize(("mode", "times"), FAULTS)
def test_after_a_fault_everything_is_as_without_it(
    db: psycopg.Connection, undisturbed: list[tuple], server: Server, login: Login, mode: str, times: int
) -> None:
    for day in ("first", "second"):
        if day == "second":
            change(server)
        server.misbehave(mode, times, at="read")
        told = [refusal for attempt in range(2) if (refusal := try_to_bring(db, reader(login), f"{day} {attempt}"))]
        assert all(error.retry and "openFDA" in str(error) for error in told), "a try later can help"
        server.misbehave("latency", 1, at="send")  # whatever is left of it ends
        bring(db, reader(login), run=f"{day} at last")
    assert [*known(db), *history(db)] == undisturbed
    row = db.execute(
        "SELECT count(*) FROM lotwatch.quarantine WHERE state = 'open' AND source_key LIKE 'Z-%%'"
    ).fetchone()
    assert row == (0,), "what was spoilt once was released when it came whole"


def try_to_bring(conn: psycopg.Connection, connector: Connector, run: str) -> SourceError | None:
    try:
        bring(conn, connector, run=run)
    except SourceError as error:
        return error
    return None


def test_a_notice_that_changes_while_it_is_read_is_read_again(
    db: psycopg.Connection, server: Server, login: Login
) -> None:
    server.misbehave("change", 2, at="read")
    bring(db, reader(login))
    for attempt in range(2):
        bring(db, reader(login), run=f"again {attempt}")
    assert [row[5] for row in known(db) if "LATE01" in row[5]] != []


def test_a_server_that_is_down_for_a_day_costs_nothing_but_the_day(
    db: psycopg.Connection, tmp_path: Path, login: Login
) -> None:
    with compliance(tmp_path / "state", TODAY.isoformat()) as server:
        bring(db, reader(replace(login, url=server.url)))
        server.crash()
        for hour in range(3):
            with pytest.raises(SourceError, match="openFDA does not answer") as told:
                bring(db, reader(replace(login, url=server.url)), run=f"hour {hour}")
            assert told.value.retry
        whole = known(db)
    with compliance(tmp_path / "state", "2027-01-01") as server:
        number = numbers(server)[4]
        server.control("say", endpoint="enforcement", number=number, fields={"status": "Pending"}, renewed="2026-06-18")
        assert bring(db, reader(replace(login, url=server.url)), run="back") == {"notice": 1}
    assert len(known(db)) == len(whole)


def test_a_wrong_key_and_a_wrong_address_are_told_apart(login: Login) -> None:
    with pytest.raises(SourceError, match=r"(?s)does not let us read \(HTTP 403\).*correct the login"):
        reader(replace(login, password="no key")).server_time()
    with pytest.raises(SourceError, match=r"(?s)no device/enforcement\.json here.*correct the address"):
        reader(replace(login, url=f"{login.url}/health")).server_time()


def test_a_search_that_the_server_refuses_is_told_without_the_key(login: Login) -> None:
    with pytest.raises(SourceError, match=r"HTTP 400.*cannot read") as told:
        list(reader(login, search="recalling_firm").changed("notice", None))
    assert "search=recalling_firm" in str(told.value)
    assert COMPLIANCE_KEY not in str(told.value)


def test_who_asks_too_often_is_told_when_to_come_back(tmp_path: Path, login: Login) -> None:
    waited: list[float] = []
    with compliance(tmp_path, TODAY.isoformat(), rate=3) as server:
        connector = pull(replace(login, url=server.url))
        connector._http._sleep = waited.append
        with pytest.raises(SourceError, match="HTTP 429"):
            list(connector.changed("notice", None))
    assert waited
    assert all(50 < seconds <= 61 for seconds in waited)


@pytest.mark.parametrize(("whole", "rest"), [("Lots 11,  12, 13", None), ("Lots 11", ", 13"), (None, ", 13")])
def test_what_the_report_goes_on_with_is_left_out_where_the_recall_tells_it_in_one_piece(
    whole: str | None, rest: str | None
) -> None:
    report = {"recall_number": "Z-1", "code_info": "Lots 11, 12", "more_code_info": ", 13"}
    assert notice(Joined(report, {"code_info": whole}), LATER).row["more_code_info"] == rest


# --- the real thing


@pytest.mark.realdata
def test_real_enforcement_reports_become_notices_that_the_gate_lets_on(db: psycopg.Connection, realdata: Path) -> None:
    reports = json.loads((realdata / "openfda_device_enforcement_17.json").read_text(encoding="utf-8"))
    records = [notice(Joined(report, None), LATER) for report in reports]
    assert [record.problems for record in records] == [()] * 17
    assert bring(db, Given(records)) == {"notice": 17}
    found = {row[2]: row for row in known(db)}
    assert found["Z-2580-2021"][9] == ["00718175003305"]
    assert found["Z-0328-2016"][3] == "III"
    assert found["Z-0817-2018"][5].startswith("**Recall expanded to add additional lot numbers")
    assert {row[4] for row in found.values()} == {"terminated", "ongoing"}

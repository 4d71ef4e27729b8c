"""Reports of adverse events come in, are compared with our lots, and propose a precaution where they are many or grave."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lotwatch import facts
from lotwatch.actions.precautions import propose_precautions
from lotwatch.audit import begin_run
from lotwatch.jobs import sync
from lotwatch.recall.events import read_events
from lotwatch.rules import evaluate_live
from lotwatch.sources.connector import Login, Record
from lotwatch.sources.openfda import pull_events
from lotwatch.sources.openfda.events import OpenFdaEvents, adverse_events
from tests.integration.company import NOW, TODAY, Company, context
from tests.integration.servers import COMPLIANCE_KEY, Server, compliance
from tests.integration.test_precautions import RULES, precautions
from tests.worlds import prepared

OURS, ANOTHER = "00844588018923", "00844588018909"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with compliance(tmp_path_factory.mktemp("compliance"), TODAY.isoformat()) as server:
        yield server


def say(server: Server, key: str, lot: str = "L1", kind: str = "Malfunction", days: int = 1, **device: Any) -> None:
    named = {"udi_di": OURS, "lot_number": lot, "manufacturer_d_name": "ACME INC"} | device
    fields = {
        "report_number": f"R-{key}", "event_type": kind, "date_received": f"{TODAY - timedelta(days=days):%Y%m%d}",
        "device": [named], "mdr_text": [{"text": "IT LEAKED."}],
    }  # fmt: skip
    server.control("say", endpoint="event", number=key, fields=fields, renewed=TODAY.isoformat())


def reader(server: Server, **options: Any) -> OpenFdaEvents:
    server.reset()
    made = pull_events(Login(server.url, password=COMPLIANCE_KEY), **options)
    made.ask_for([OURS])
    return made


def read(connector: OpenFdaEvents, cursor: Any = None) -> tuple[list[Record], Any]:
    records: list[Record] = []
    for page in connector.changed("adverse_event", cursor):
        records += page.records
        cursor = page.cursor or cursor
    return records, cursor


# --- what is read


def test_reports_that_name_our_devices_are_read_until_nothing_is_newer(server: Server) -> None:
    connector = reader(server)
    say(server, "1")
    say(server, "2", lot="UNKNOWN", kind="No answer provided")
    say(server, "3", udi_di=ANOTHER)
    say(server, "4", days=800)
    found, cursor = read(connector)
    assert [record.source_key for record in found] == ["1/1", "2/1"]
    assert [(record.row["event_type"], record.row["lot_number"]) for record in found] == [
        ("malfunction", "L1"),
        ("other", None),
    ]
    assert found[0].row["received_on"] == TODAY - timedelta(days=1)
    assert found[0].row["narrative"] == "IT LEAKED."
    assert read(connector, cursor)[0] == []
    server.control("say", endpoint="event", number="1", fields={"event_type": "Death"}, renewed="2026-06-22")
    ((record, _), _) = read(connector, cursor)
    assert record.row["event_type"] == "death"


def test_others_are_read_where_they_are_asked_for_and_of_a_time(server: Server) -> None:
    connector = reader(server, search='device.manufacturer_d_name:"Zenith"')
    say(server, "1")
    say(server, "2", udi_di=ANOTHER, manufacturer_d_name="ZENITH GMBH", days=9)
    assert [record.source_key for record in read(connector)[0]] == ["1/1", "2/1"]
    then = datetime.combine(TODAY - timedelta(days=9), datetime.min.time(), UTC)
    pages = list(connector.changed_between("adverse_event", then, then + timedelta(days=1)))
    assert [record.source_key for page in pages for record in page.records] == ["2/1"]


@pytest.mark.parametrize("broken", ["?", {}, {"mdr_report_key": "1"}, {"mdr_report_key": "1", "device": ["?"]}])
def test_what_cannot_be_read_is_told_and_stops_nothing(broken: Any) -> None:
    (record,) = adverse_events(broken)
    assert record.problems
    ((day,),) = ([problem.field for problem in each.problems] for each in adverse_events(
        {"mdr_report_key": "1", "device": [], "date_received": "soon"}
    ))  # fmt: skip
    assert day == "date_received"


# --- what it means for our lots


@prepared
def stocked(company: Company) -> None:
    """Ten of the lots L1 and L2 of a device that is known by its identifier, and by its maker's number."""
    company.item(legal_manufacturer="Acme Inc.")
    company.add("identifier", item_code="I1", code=OURS, package_level="unit", units_contained=1)
    company.add("device_record", udi_di=OURS, agency="GS1", company="Acme, Inc.", catalogue_number="AC-1")
    for lot in ("L1", "L2"):
        company.lot(lot)
        company.move(10, "DC", lot=lot)
    company.post()


def tell(
    company: Company, report: str, lot: str | None = "L1", kind: str = "malfunction", days: int = 1, **row: Any
) -> None:
    plain = {"report": report, "event_type": kind, "received_on": TODAY - timedelta(days=days), "lot_number": lot}
    company.add("adverse_event", f"{report}/1", **plain | {"udi_di": OURS} | row)


def told(company: Company) -> dict[str, tuple[int, ...]]:
    with company.conn.transaction():
        facts.live(company.conn, NOW)
        rows = company.conn.execute(
            "SELECT lot_number, reports, recent_reports, deaths, injuries, days_since, usable FROM lotwatch.fact_lot_event"
        ).fetchall()
    return {lot: tuple(rest) for lot, *rest in rows}


def test_a_report_is_of_a_lot_by_the_very_identifier_or_the_same_maker_s_number_and_the_very_number(
    stocked: Company,
) -> None:
    tell(stocked, "1", "l 1")
    tell(stocked, "2", udi_di=None, catalogue_number="ac-1", maker="ACME INC", kind="injury", days=100)
    tell(stocked, "3", udi_di=None, catalogue_number="AC-1", maker="Other Ltd")
    tell(stocked, "4", udi_di=ANOTHER)
    tell(stocked, "5", "L11")
    tell(stocked, "6", None)
    tell(stocked, "7", "L2", kind="death", days=400)
    tell(stocked, "8", "L2", udi_di=None)
    stocked.post()
    assert told(stocked) == {"L1": (2, 1, 0, 1, 1, 10)}
    kept = stocked.conn.execute("SELECT count(*) FROM lotwatch.adverse_event").fetchone()
    assert kept == (8,), "what concerns no lot of ours is kept"


def test_a_report_of_several_lots_is_one_of_each_and_what_is_no_list_of_lots_alone_stays_a_document(
    stocked: Company,
) -> None:
    alone = (
        "L1 OR UNKNOWN",
        "UNKNOWN, L1",
        "L1-L2",
        "L1, L2 (EXP 2027)",
        "L1, L2 ETC.",
        "SEE L1 / L2",
        "L1 L2 ?",
        "ALL LOTS; L1",
    )
    for number, lots in enumerate(("L1, L2", "L1; L 2", "lot L1 and lot L2", *alone)):
        tell(stocked, str(number), lots)
    stocked.post()
    with stocked.conn.transaction():
        assert read_events(stocked.conn) == 3
        assert read_events(stocked.conn) == 0
    assert {lot: figures[0] for lot, figures in told(stocked).items()} == {"L1": 3, "L2": 3}
    tell(stocked, "0", "L2, L9")
    stocked.post()
    assert read_events(stocked.conn) == 1
    assert {lot: figures[0] for lot, figures in told(stocked).items()} == {"L1": 2, "L2": 3}


def test_a_source_brings_them_in_and_many_or_grave_ones_propose_to_hold_the_lot_once(
    stocked: Company, server: Server
) -> None:
    def proposed() -> int:
        evaluate_live(stocked.conn, RULES, stocked.context)
        return propose_precautions(stocked.conn, RULES, stocked.context)["precautions"]

    connector = reader(server)
    say(server, "1")
    say(server, "2")
    stocked.conn.commit()
    stocked.conn.autocommit = True
    run = begin_run(stocked.conn, context("sync", "events"))
    sync.pull(stocked.conn, run, "adverse_events", connector, None)
    (batch_id,) = stocked.conn.execute("SELECT max(batch_id) FROM stage.adverse_event").fetchone() or (None,)
    stocked.conn.execute("UPDATE stage.adverse_event SET errors = '{}' WHERE batch_id = %s", (batch_id,))
    stocked._post(batch_id)
    stocked.conn.autocommit = False
    assert (told(stocked)["L1"][0], proposed()) == (2, 0), "two are no pattern"
    tell(stocked, "3")
    tell(stocked, "4", "L2", kind="death")
    stocked.post()
    assert (proposed(), proposed()) == (2, 0)
    assert precautions(stocked) == []
    severities = stocked.conn.execute(
        "SELECT subject_key, severity FROM lotwatch.alert WHERE rule_id = 'lot_in_adverse_events' ORDER BY 1"
    ).fetchall()
    assert severities == [("I1/L1", "warning"), ("I1/L2", "critical")]

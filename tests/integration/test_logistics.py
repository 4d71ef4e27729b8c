"""Logistics from a service of its own: whatever it does wrong, and in whatever order things are told, the books are the same."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
import requests

from lotwatch.errors import SourceError
from lotwatch.gate import run_gate
from lotwatch.jobs import sync
from lotwatch.paths import EXPECTATIONS
from lotwatch.sources import pending_batches
from lotwatch.sources.connector import Connector, Login
from lotwatch.sources.epcis import EpcisConnector, EpcisOptions
from lotwatch.sources.http import HttpClient
from lotwatch.sources.registry import Source, connector, load_sources
from lotwatch.sources.ubl import UblConnector, UblOptions
from lotwatch_local import postgres
from lotwatch_local.settings import Settings
from sandbox.logistics.world import SITE_GLNS, gln
from sandbox.tryton import catalogue
from sandbox.tryton.catalogue import check_digit
from sandbox.tryton.company import RANDOM_SEED
from sandbox.tryton.world import World
from tests.integration import servers
from tests.integration.company import NOW, TODAY, Company, context
from tests.integration.servers import LOGISTICS_TOKEN, Server
from tests.worlds import EMPTY, copy, drop

GTIN, LGTIN = "04012345123456", "urn:epc:class:lgtin:4012345.012345."
DC, SUPPLIER = "urn:epc:id:sgln:4053210.00001.0", "urn:epc:id:sgln:4053219.00001.0"
PLACES = {gln("4053210", 1): "DC", gln("4053219", 1): "SUPPLIER"}
BOX = "04053219000000009" + check_digit("04053219000000009")
OPTIONS = EpcisOptions(per_page=7, places=PLACES, moves_stock_at=("DC", "SUPPLIER"), announces="all")
#: what must be the same after every fault; moments of recording and our own numbers may differ
BOOKS = {
    "movement": "SELECT m.source_event_id, i.code, l.number, f.code, t.code, m.quantity, m.kind, m.occurred_at"
    " FROM lotwatch.movement AS m JOIN lotwatch.item AS i USING (item_id) LEFT JOIN lotwatch.lot AS l USING (lot_id)"
    " JOIN lotwatch.location AS f ON f.location_id = m.from_location_id"
    " JOIN lotwatch.location AS t ON t.location_id = m.to_location_id WHERE m.source = 'logistics'",
    "position": "SELECT i.code, l.code, p.quantity FROM lotwatch.position AS p JOIN lotwatch.item AS i USING (item_id)"
    " JOIN lotwatch.location AS l USING (location_id) WHERE p.quantity <> 0",
    "delivery": "SELECT source_key, number, state, shipped_at, delivered_at, cancelled_at FROM lotwatch.delivery",
    "delivery_line": "SELECT source_key, quantity, received_quantity, sscc FROM lotwatch.delivery_line",
    "package_event": "SELECT source_key, sscc, action, child_sscc, quantity, takes_back FROM lotwatch.package_event",
    "tracking_event": "SELECT source_key, biz_step, disposition, sscc, takes_back, error_reason FROM lotwatch.tracking_event",
    "temperature_reading": "SELECT source_key, sscc, celsius, measured_at, takes_back FROM lotwatch.temperature_reading",
    "excursion": "SELECT sscc, sensor, started_at, ended_at, is_over, warmest_c, minutes, beyond_tolerance, withdrawn"
    " FROM lotwatch.excursion",
    "hold": "SELECT h.cause, l.number, p.code, h.reason FROM lotwatch.hold AS h LEFT JOIN lotwatch.lot AS l USING (lot_id)"
    " LEFT JOIN lotwatch.location AS p ON p.location_id = h.location_id",
    "lot": "SELECT number, usable_through FROM lotwatch.lot",
    "quarantine": "SELECT entity, source_key FROM lotwatch.quarantine WHERE state = 'open'",
}


def package(number: int) -> str:
    return f"urn:epc:id:sscc:4053219.0{number:09}"


def event(name: str, hours: float, **content: Any) -> dict[str, Any]:
    """An event so many hours before NOW."""
    at = NOW - timedelta(hours=hours)
    plain = {"type": "ObjectEvent", "action": "OBSERVE", "eventTime": at.isoformat(), "eventTimeZoneOffset": "+00:00"}
    return {"eventID": f"https://id.example/{name}", **plain, **content}


def declared_wrong(wrong: dict[str, Any], reason: str = "did_not_occur") -> dict[str, Any]:
    return wrong | {"errorDeclaration": {"declarationTime": NOW.isoformat(), "reason": reason}}


def shipment(number: int, *, receive: bool = True) -> Iterator[dict[str, Any]]:
    """Made, packed, shipped, measured on the way (too warm for 2.5 hours) and received."""
    lot = [{"epcClass": f"{LGTIN}L{number}", "quantity": 10 + number}]
    expiry = {"cbvmda:itemExpirationDate": (TODAY + timedelta(days=400)).isoformat()}
    going = {"destinationList": [{"type": "location", "destination": DC}], "readPoint": {"id": SUPPLIER}}
    yield event(f"{number}/made", 72, action="ADD", bizStep="commissioning", quantityList=lot, ilmd=expiry)
    packing = {"type": "AggregationEvent", "action": "ADD", "bizStep": "packing", "parentID": package(number)}
    yield event(f"{number}/packed", 70, **packing, childQuantityList=lot)
    yield event(
        f"{number}/shipped", 60, bizStep="shipping", disposition="in_transit", epcList=[package(number)],
        **({"quantityList": lot} if number > 1 else {}), **going,
    )  # fmt: skip
    for half_hours in range(10):
        report = {"type": "Temperature", "value": 11.5 if 3 <= half_hours < 8 else 4.5, "uom": "CEL"}
        yield event(
            f"{number}/measured{half_hours}", 50 - half_hours / 2, epcList=[package(number)],
            sensorElementList=[{"sensorReport": [report]}],
        )  # fmt: skip
    if receive:
        coming = {"sourceList": [{"type": "location", "source": SUPPLIER}], "bizLocation": {"id": DC}}
        yield event(
            f"{number}/received", 40, bizStep="receiving", disposition="in_progress", epcList=[package(number)],
            quantityList=lot, **coming,
        )  # fmt: skip


def story() -> list[dict[str, Any]]:
    """Three shipments: one received, one whose receipt was a mistake, one that was never sent."""
    first, second, third = (list(shipment(number, receive=number < 3)) for number in (1, 2, 3))
    return [*first, *second, *third, declared_wrong(second[-1]), declared_wrong(third[2], "incorrect_data")]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with servers.logistics(tmp_path_factory.mktemp("logistics")) as server:
        yield server


@pytest.fixture
def server(service: Server) -> Server:
    """The service, with nothing in it."""
    service.reset()
    return service


@pytest.fixture
def fresh(database: Settings) -> Iterator[Callable[[], psycopg.Connection]]:
    """Further databases with the small company in it, each of its own."""
    made: list[tuple[str, psycopg.Connection]] = []

    def make() -> psycopg.Connection:
        with postgres.connect_superuser(database) as superuser:
            name = copy(superuser, EMPTY)
        made.append((name, psycopg.connect(database.database_url("app", name))))
        return furnished(made[-1][1])

    yield make
    for name, conn in made:
        conn.close()
        with postgres.connect_superuser(database) as superuser:
            drop(superuser, name)


def furnished(conn: psycopg.Connection) -> psycopg.Connection:
    company = Company(conn)
    company.item("COLD", udi_di=GTIN, storage_min_c=2, storage_max_c=8)
    company.post()
    return conn


def client(server: Server) -> HttpClient:
    return HttpClient("the logistics service", Login(server.url, password=LOGISTICS_TOKEN), sleep=lambda _: None)


def reader(server: Server, options: EpcisOptions = OPTIONS) -> EpcisConnector:
    return EpcisConnector(client(server), options)


def captured(server: Server, *events: Any) -> None:
    headers = {"Authorization": f"Bearer {LOGISTICS_TOKEN}"}
    document = {"type": "EPCISDocument", "epcisBody": {"eventList": list(events)}}
    requests.post(f"{server.url}/capture", json=document, headers=headers, timeout=30).raise_for_status()


def advised(server: Server, identity: str, content: str) -> None:
    headers = {"Authorization": f"Bearer {LOGISTICS_TOKEN}", "Content-Type": "application/xml"}
    url = f"{server.url}/despatch-advices/{identity}"
    requests.put(url, content.encode(), headers=headers, timeout=30).raise_for_status()


def synced(
    conn: psycopg.Connection, connector: Connector, source: str = "logistics", as_of: datetime = NOW
) -> dict[str, Any]:
    """Pull, judge and post, as the DAG does; returns the counts of the pull and of what was posted."""
    pulled = sync.pull(conn, context(as_of=as_of), source, connector, None)
    conn.commit()
    run_gate(
        conn, pending_batches(conn, source, "staged"), suites=EXPECTATIONS, docs=Path(), as_of=as_of, referee=False,
        thresholds={},
    )  # fmt: skip
    conn.commit()
    posted = sync.post(conn, context(as_of=as_of), source)
    conn.commit()
    return {**pulled, "posted": posted}


def books(conn: psycopg.Connection) -> dict[str, list[tuple[Any, ...]]]:
    return {name: sorted(conn.execute(query).fetchall(), key=repr) for name, query in BOOKS.items()}


def test_a_shipment_is_followed_from_its_maker_to_the_shelf(server: Server, db: psycopg.Connection) -> None:
    captured(server, *story())
    synced(furnished(db), reader(server))
    told = books(db)
    assert (told["quarantine"], db.execute("SELECT reasons FROM lotwatch.quarantine").fetchall()) == ([], [])
    assert told["position"] == [("COLD", "DC", 11)]
    assert [row[-2] for row in told["movement"]].count("reversal") == 1
    states = {row[0].removeprefix("https://id.example/"): row[2] for row in told["delivery"]}
    assert states == {"1/shipped": "delivered", "2/shipped": "shipped", "3/shipped": "cancelled"}
    content = db.execute(
        "SELECT c.sscc, l.number, c.quantity FROM lotwatch.package_content AS c JOIN lotwatch.lot AS l USING (lot_id)"
        " ORDER BY c.sscc"
    ).fetchall()
    assert [(number, int(quantity)) for _, number, quantity in content] == [("L1", 11), ("L2", 12), ("L3", 13)]
    assert [(row[5], row[6], row[7]) for row in told["excursion"]] == [(11.5, 150, True)] * 3
    # each lot where it went; of the delivery that was never sent nobody knows where it is
    assert sorted((row[1], row[2]) for row in told["hold"]) == [("L1", "DC"), ("L2", "DC"), ("L3", None)]
    assert told["hold"][0][3] == "outside of 2 to 8 °C from 2026-06-13 07:30 UTC"


def test_reading_the_same_again_changes_nothing(server: Server, db: psycopg.Connection) -> None:
    captured(server, *story())
    synced(furnished(db), reader(server))
    before = books(db)
    again = synced(db, reader(server))
    assert again["read"]["tracking_event"] > 0, "the overlap is read again"
    assert {
        name: count for name, count in again["posted"].items() if name not in {"excursion", "delivery", "lot"}
    } == {}
    assert books(db) == before


@pytest.mark.parametrize("order", ["backwards", "one by one", "twice", "errors first"])
def test_the_order_in_which_it_is_told_makes_no_difference(
    server: Server, fresh: Callable[[], psycopg.Connection], order: str
) -> None:
    told = story()
    captured(server, *told)
    synced(expected := fresh(), reader(server))
    server.reset()
    errors = [each for each in told if "errorDeclaration" in each]
    batches: list[list[dict[str, Any]]] = {
        "backwards": [told[place : place + 9] for place in range(0, len(told), 9)][::-1],
        "one by one": [[each] for each in told[:16]] + [told[16:]],
        "twice": [told, told],
        "errors first": [errors, [each for each in told if "errorDeclaration" not in each]],
    }[order]
    conn = fresh()
    for batch in batches:
        captured(server, *batch)
        synced(conn, reader(server))
    synced(conn, reader(server))  # what waited in quarantine for what it refers to is tried again
    synced(conn, reader(server))
    kept, wanted = books(conn), books(expected)
    if order == "backwards":  # measured before anybody knew where it goes: held everywhere, until a person narrows it
        kept["hold"], wanted["hold"] = ([row[:2] for row in each["hold"]] for each in (kept, wanted))
    assert kept == wanted


@pytest.mark.parametrize(
    ("mode", "times"),
    [
        ("cut_off", 2),
        ("garbage", 1),
        ("repeat", 9),
        ("back_in_time", 9),
        ("change", 2),
        ("429", 3),
        ("500", 3),
        ("latency", 2),
    ],
)
def test_a_fault_of_the_server_leaves_the_books_as_they_would_be(
    server: Server, fresh: Callable[[], psycopg.Connection], mode: str, times: int
) -> None:
    captured(server, *story())
    synced(expected := fresh(), reader(server))
    server.misbehave(mode, times, at="read", seconds=0)
    conn = fresh()
    synced(conn, reader(server))
    synced(conn, reader(server))
    assert books(conn) == books(expected)


def test_of_a_tenth_of_garbage_the_rest_is_kept_and_the_garbage_is_told(server: Server, db: psycopg.Connection) -> None:
    captured(server, *story())
    server.misbehave("garbage", 99, at="read")
    pulled = synced(furnished(db), reader(server, OPTIONS.model_copy(update={"per_page": 50})))
    assert pulled["unmapped"] == dict.fromkeys(pulled["unmapped"], 0) | {"tracking_event": 5}
    assert pulled["read"]["tracking_event"] > 40
    reasons = db.execute("SELECT reasons FROM lotwatch.quarantine WHERE rules = '{MAP}'").fetchall()
    assert len(reasons) == 5
    assert all("eventTime" in str(reason) and "yesterday" in str(reason) for (reason,) in reasons)
    assert db.execute("SELECT count(*) FROM lotwatch.tracking_event").fetchone() != (0,)


def test_a_server_that_was_down_for_a_day_is_read_on_from_where_it_stopped(
    tmp_path: Path, fresh: Callable[[], psycopg.Connection]
) -> None:
    told = story()
    conn, expected = fresh(), fresh()
    with servers.logistics(tmp_path) as server:
        server.reset()
        captured(server, *told[:20])
        synced(conn, reader(server))
        server.crash()
        with pytest.raises(SourceError, match="does not answer") as failed:
            synced(conn, reader(server))
        assert failed.value.retry
        conn.rollback()
    with servers.logistics(tmp_path) as server:
        captured(server, *told[20:])
        synced(conn, reader(server, OPTIONS.model_copy(update={"overlap_minutes": 0})))
        synced(expected, reader(server))
    assert books(conn) == books(expected)


def test_a_cursor_never_goes_back_and_never_runs_ahead_of_the_servers_clock(server: Server) -> None:
    captured(server, *story())
    connector = reader(server)
    *_, last = connector.changed("tracking_event", {"since": "2020-01-01T00:00:00+00:00"})
    reached = datetime.fromisoformat(last.cursor["since"])
    assert reached <= (connector.server_time() or NOW) + timedelta(seconds=1)
    server.misbehave("back_in_time", 99, at="read")
    *_, last = reader(server).changed("tracking_event", {"since": reached.isoformat()})
    assert last.cursor == {"since": reached.isoformat()}


def test_one_reading_serves_every_entity(server: Server) -> None:
    captured(server, *story())
    connector = reader(server)
    first = [record for page in connector.changed("tracking_event", None) for record in page.records]
    server.reset()
    assert [record for page in connector.changed("temperature_reading", None) for record in page.records]
    assert first == [record for page in connector.changed("tracking_event", None) for record in page.records]


def test_an_interval_is_read_by_when_it_was_recorded(server: Server) -> None:
    captured(server, *story())
    far = datetime.fromisoformat("2100-01-01T00:00:00+00:00")
    connector = reader(server)
    assert [
        r for page in connector.changed_between("tracking_event", NOW - timedelta(days=9000), far) for r in page.records
    ]
    assert not [
        r for page in connector.changed_between("tracking_event", far, far + timedelta(days=1)) for r in page.records
    ]


def test_what_may_not_log_in_is_told_what_to_do(server: Server) -> None:
    wrong = HttpClient("the logistics service", Login(server.url, password="wrong"))
    for made in (EpcisConnector(wrong, OPTIONS), UblConnector(wrong, UblOptions())):
        with pytest.raises(SourceError, match=r"does not let us read.*correct the login"):
            made.server_time()


# --- despatch advices


def test_a_despatch_advice_announces_what_events_then_bring(server: Server, db: psycopg.Connection) -> None:
    company = Company(furnished(db))
    company.order_line(12, item="COLD", key="line-1", order_number="PO-9")
    company.post("erp")
    advised(server, "1", advice("PO-9", 12))
    announced = synced(db, UblConnector(client(server), UblOptions(places=PLACES)), "despatch")
    assert announced["posted"]["delivery_line"] == 1
    line = db.execute(
        "SELECT d.state, l.number, d2.quantity, d2.sscc FROM lotwatch.delivery AS d"
        " JOIN lotwatch.delivery_line AS d2 USING (delivery_id) JOIN lotwatch.lot AS l USING (lot_id)"
    ).fetchone()
    assert line == ("shipped", "L9", 12, BOX)
    came = {"bizStep": "receiving", "epcList": ["urn:epc:id:sscc:4053219.0000000009"], "bizLocation": {"id": DC}}
    captured(server, event("9/received", 3, **came))
    synced(db, reader(server, EpcisOptions(places=PLACES)))
    assert db.execute("SELECT state, delivered_at FROM lotwatch.delivery").fetchone() == (
        "delivered",
        NOW - timedelta(hours=3),
    )
    assert db.execute("SELECT received_quantity FROM lotwatch.delivery_line").fetchone() == (12,)
    # the advice is read once more: what was told of it since is not forgotten
    synced(db, UblConnector(client(server), UblOptions(places=PLACES)), "despatch")
    assert db.execute("SELECT state FROM lotwatch.delivery").fetchone() == ("delivered",)


def test_an_order_that_names_an_item_once_tells_which_line_is_fulfilled(server: Server, db: psycopg.Connection) -> None:
    company = Company(furnished(db))
    company.order_line(12, item="COLD", key="line-1", order_number="PO-9")
    company.order_line(12, item="COLD", key="line-2", order_number="PO-8")
    company.order_line(12, item="COLD", key="line-3", order_number="PO-8")
    company.post("erp")
    for number, order in (("1", "PO-9"), ("2", "PO-8")):
        advised(server, number, advice(order, 12, number=f"DA-{number}"))
    pulled = sync.pull(db, context(), "despatch", UblConnector(client(server), UblOptions(places=PLACES)), None)
    db.commit()
    run_gate(db, [pulled["batch_id"]], suites=EXPECTATIONS, docs=Path(), as_of=NOW, referee=False)
    from lotwatch.ledger.logistics import complete_deliveries

    complete_deliveries(db, pulled["batch_id"])
    lines = db.execute("SELECT order_number, order_line_key FROM stage.delivery_line ORDER BY order_number").fetchall()
    assert lines == [("PO-8", None), ("PO-9", "line-1")]


@pytest.mark.parametrize("mode", ["cut_off", "garbage", "repeat", "back_in_time", "change", "429", "500"])
def test_a_fault_of_the_list_of_advices_leaves_the_deliveries_as_they_would_be(
    server: Server, fresh: Callable[[], psycopg.Connection], mode: str
) -> None:
    for number in range(12):
        advised(server, f"{number}", advice("PO-1", 5 + number, number=f"DA-{number}"))

    def read(conn: psycopg.Connection) -> None:
        synced(conn, UblConnector(client(server), UblOptions(places=PLACES, per_page=5)), "despatch")

    read(expected := fresh())
    assert len(books(expected)["delivery_line"]) == 12
    server.misbehave(mode, 2, at="read", seconds=0)
    conn = fresh()
    read(conn)
    if mode == "garbage":
        assert [row[0] for row in books(conn)["quarantine"]] == ["delivery_line"] * 2
    read(conn)
    kept = books(conn)
    if mode == "garbage":  # the case of a document that could not be read is closed by a person: nothing bears its key
        kept["quarantine"] = []
    assert kept == books(expected)


def advice(order: str, quantity: int, number: str = "DA-9") -> str:
    expires = (TODAY + timedelta(days=400)).isoformat()
    return f"""<DespatchAdvice xmlns="urn:oasis:names:specification:ubl:schema:xsd:DespatchAdvice-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
 <cbc:ID>{number}</cbc:ID><cbc:IssueDate>{TODAY - timedelta(days=2)}</cbc:IssueDate>
 <cac:OrderReference><cbc:ID>{order}</cbc:ID></cac:OrderReference>
 <cac:DeliveryCustomerParty><cac:Party><cac:PartyIdentification><cbc:ID schemeID="0088">{gln("4053210", 1)}</cbc:ID>
 </cac:PartyIdentification></cac:Party></cac:DeliveryCustomerParty>
 <cac:DespatchLine><cbc:ID>1</cbc:ID><cbc:DeliveredQuantity unitCode="EA">{quantity}</cbc:DeliveredQuantity>
  <cac:Item><cac:StandardItemIdentification><cbc:ID schemeID="0160">{GTIN}</cbc:ID></cac:StandardItemIdentification>
   <cac:ItemInstance><cac:LotIdentification><cbc:LotNumberID>L9</cbc:LotNumberID><cbc:ExpiryDate>{expires}</cbc:ExpiryDate>
   </cac:LotIdentification></cac:ItemInstance></cac:Item>
  <cac:Shipment><cbc:ID>1</cbc:ID><cac:TransportHandlingUnit><cbc:ID>{BOX}</cbc:ID>
  </cac:TransportHandlingUnit></cac:Shipment></cac:DespatchLine>
</DespatchAdvice>"""


# --- the trial's service


def test_the_trials_service_begins_with_what_is_under_way_to_the_trial_company(
    tmp_path: Path, db: psycopg.Connection
) -> None:
    """Some late, one damaged, one told wrongly at first, one too warm; and nothing of it is stock."""
    company, world = Company(db), World(TODAY)
    catalogue.fill(world, Random(RANDOM_SEED), None)
    for site in world.sites:
        company.location(site.code, kind="site", region=site.region, supplied_by="supplier")
    for device in world.devices.values():
        low, high = device.storage_c or (None, None)
        company.item(device.key, udi_di=device.udi_di, storage_min_c=low, storage_max_c=high)
    company.post()
    with servers.logistics(tmp_path) as server:
        for name in ("despatch", "logistics"):
            made = connector(load_sources()[name], Login(server.url, password=LOGISTICS_TOKEN))
            synced(db, made, name, as_of=datetime.now(UTC))
    told = books(db)
    assert told["quarantine"] == told["movement"] == told["position"] == []
    assert (len(told["delivery"]), {row[2] for row in told["delivery"]}) == (30, {"shipped"})
    assert {row[2] for row in told["tracking_event"]} == {None, "in_transit", "damaged"}
    assert [row[5] for row in told["tracking_event"] if row[4]] == ["incorrect_data"]
    assert told["excursion"]
    assert {row[2] for row in told["hold"]} <= {"DC-N", "DC-S"}
    assert len(told["hold"]) >= 1


def test_the_sources_of_the_trial_know_its_sites() -> None:
    sources: dict[str, Source] = load_sources()
    for name in ("logistics", "despatch"):
        assert sources[name].options["places"] == {gln: code for code, gln in SITE_GLNS.items()}
        assert "moves_stock_at" not in sources[name].options, "the trial's ERP books all of its places"

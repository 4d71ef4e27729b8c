"""A hospital's FHIR server in a process of its own: pulled, judged and posted, whatever goes wrong on the way."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
import requests

from lotwatch import ledger, master, sources
from lotwatch.errors import SourceError
from lotwatch.gate import quarantine_unmapped, run_gate
from lotwatch.jobs import sync
from lotwatch.ledger.trace import Number, trace_numbers
from lotwatch.paths import EXPECTATIONS
from lotwatch.sources.connector import Login, Record
from lotwatch.sources.fhir import FhirConnector, pull
from lotwatch.sources.fhir.privacy import Seal
from lotwatch.sources.fhir.push import FhirReceiver
from lotwatch_local import postgres
from lotwatch_local.settings import Settings
from sandbox.hospital.world import USED
from sandbox.tryton import catalogue
from sandbox.tryton.company import RANDOM_SEED
from sandbox.tryton.world import World
from tests.integration import servers
from tests.integration.company import Company, context
from tests.worlds import EMPTY, copy, drop

MADE_ON = date(2025, 6, 16)
KEY = "the key that the hospital keeps"
OPTIONS: dict[str, Any] = {
    "prefix": "SMH-",
    "time_zone": "Europe/London",
    "country": "GB",
    "usage_from": ("usage", "dispense", "procedure"),
    "page_size": 20,
}
SHOWN = """
SELECT 'stock', item.code, place.code, lot.number, unit.number, p.status, p.quantity::text
FROM lotwatch.position AS p JOIN lotwatch.item USING (item_id) JOIN lotwatch.location AS place USING (location_id)
LEFT JOIN lotwatch.lot AS lot ON lot.lot_id = p.lot_id
LEFT JOIN lotwatch.serial_unit AS unit ON unit.serial_id = p.serial_id
WHERE p.quantity <> 0
UNION ALL
SELECT 'demand', item.code, site.code, d.state, d.need_by::text, o.kind, d.quantity::text
FROM lotwatch.demand_order_line AS d JOIN lotwatch.demand_order AS o USING (demand_order_id)
JOIN lotwatch.item USING (item_id) JOIN lotwatch.location AS site ON site.location_id = d.site_id
WHERE d.state IN ('open', 'draft')
UNION ALL
SELECT 'delivery', item.code, l.source_key, d.state, d.number, d.delivered_at::text, l.quantity::text
FROM lotwatch.delivery_line AS l JOIN lotwatch.delivery AS d USING (delivery_id) JOIN lotwatch.item USING (item_id)
UNION ALL
SELECT 'place', l.code, l.name, l.kind, l.active::text, site.code, entity.code
FROM lotwatch.location AS l LEFT JOIN lotwatch.location AS site ON site.location_id = l.site_id
LEFT JOIN lotwatch.legal_entity AS entity ON entity.legal_entity_id = l.legal_entity_id
UNION ALL
SELECT 'quarantine', entity, source_key, NULL, NULL, NULL, NULL FROM lotwatch.quarantine WHERE state = 'open'
ORDER BY 1, 2, 3, 4, 5, 6, 7
"""
_runs = count()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    state = tmp_path_factory.mktemp("hospital")
    (state / "made-on").write_text(MADE_ON.isoformat())
    with servers.hospital(state) as running:
        yield running


@pytest.fixture(autouse=True)
def as_it_was(server: servers.Server) -> None:
    server.reset()


@dataclass
class Site:
    """Lotwatch's database with the trial company's items, and the hospital as a source of it."""

    conn: psycopg.Connection
    server: servers.Server
    version: str = "r5"

    def connector(self, **options: Any) -> FhirConnector:
        login = Login(self.server.url, self.version, password=servers.HOSPITAL_TOKEN, extra={"case_key": KEY})
        return pull(login, **(OPTIONS | options))

    def sync(self, **options: Any) -> None:
        """Pull, judge and post, as the DAG does, without the referee."""
        connector = self.connector(**options)
        now = connector.server_time()
        assert now is not None
        run = context("sync_hospital", f"run-{next(_runs)}", as_of=now)
        pulled = sources.pull(self.conn, "hospital", connector, run, quarantine_unmapped)
        self.conn.commit()
        run_gate(
            self.conn, [pulled.batch_id], suites=EXPECTATIONS, docs=Path(), as_of=now + timedelta(days=1), referee=False
        )
        master.post_master(self.conn, pulled.batch_id)
        ledger.post_events(self.conn, pulled.batch_id)
        sources.finish_batch(self.conn, pulled.batch_id)
        self.conn.commit()

    def shown(self) -> list[tuple[Any, ...]]:
        """What is where, wanted, on its way and set aside."""
        return self.conn.execute(SHOWN).fetchall()

    def ask(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.conn.execute(statement, values).fetchall()  # type: ignore[arg-type]

    def write(self, content: dict[str, Any]) -> None:
        self._send("PUT", f"{content['resourceType']}/{content['id']}", json=content)

    def delete(self, reference: str) -> None:
        self._send("DELETE", reference)

    def get(self, reference: str) -> dict[str, Any]:
        return dict(self._send("GET", reference).json())

    def _send(self, method: str, path: str, **content: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {servers.HOSPITAL_TOKEN}"}
        url = f"{self.server.url}/{self.version}/{path}"
        answer = requests.request(method, url, headers=headers, timeout=servers.PATIENCE, **content)
        answer.raise_for_status()
        return answer


@pytest.fixture(scope="module")
def new_site(database: Settings, server: servers.Server) -> Iterator[Callable[..., Site]]:
    """Makes sites, each with a database of its own; the first is made once and copied."""
    with _database(database, EMPTY) as template:
        with psycopg.connect(database.database_url("app", template)) as conn:
            company = Company(conn)
            for device in trial_devices():
                company.item(
                    device.code, udi_di=device.udi_di, label_lot=device.label.lot, label_serial=device.label.serial,
                    label_expiry=device.label.expiry, category=device.category,
                )  # fmt: skip
            company.post()
        opened: list[Any] = []

        def make(version: str = "r5") -> Site:
            made = _database(database, template)
            conn = psycopg.connect(database.database_url("app", made.__enter__()))
            opened.append((made, conn))
            return Site(conn, server, version)

        yield make
        for made, conn in opened:
            conn.close()
            made.__exit__(None, None, None)


@contextmanager
def _database(settings: Settings, template: str) -> Iterator[str]:
    with postgres.connect_superuser(settings) as conn:
        name = copy(conn, template)
        yield name
        drop(conn, name)


def trial_devices() -> list[Any]:
    world = World(MADE_ON)
    catalogue.fill(world, Random(RANDOM_SEED), None)
    devices = list(world.devices.values())
    return [devices[number - 1] for number in USED]


def read_all(connector: FhirConnector, entity: str, cursor: dict[str, Any] | None = None) -> list[Record]:
    return [record for page in connector.changed(entity, cursor) for record in page.records]


@pytest.fixture(scope="module")
def synced(new_site: Callable[..., Site]) -> Site:
    """A site after a pull without a fault, to look at."""
    site = new_site()
    site.server.reset()
    site.sync()
    return site


@pytest.fixture(scope="module")
def right(synced: Site) -> list[tuple[Any, ...]]:
    """What a pull without a fault brings."""
    return synced.shown()


@pytest.mark.parametrize("version", ["r4", "r5"])
def test_a_hospital_is_in_the_ledger_after_a_sync(
    new_site: Callable[..., Site], right: list[tuple[Any, ...]], version: str
) -> None:
    """R4 and R5 tell the same stock, demand and places; only the names of R4's resources differ."""
    site = new_site(version)
    site.sync()
    assert ledger.verify(site.conn) == []
    told = {"stock", "demand", "place"}
    assert [row for row in site.shown() if row[0] in told] == [row for row in right if row[0] in told]
    usage = "DeviceUsage" if version == "r5" else "DeviceUseStatement"
    assert {row[1:3] for row in site.shown() if row[0] == "quarantine"} == {
        ("lot", "Device/bad-dates"),
        ("lot", "Device/bad-digit"),
        ("lot", "Device/no-lot"),
        ("movement", f"{usage}/du-bad-code"),
        ("movement", f"{usage}/du-misread"),
        ("movement", f"{usage}/du-modified"),
    }


def test_syncing_again_changes_nothing(new_site: Callable[..., Site], right: list[tuple[Any, ...]]) -> None:
    site = new_site()
    site.sync()
    moved = site.ask("SELECT count(*) FROM lotwatch.movement")
    site.sync()
    assert site.ask("SELECT count(*) FROM lotwatch.movement") == moved
    assert site.shown() == right


def test_use_is_traced_to_its_department_and_its_case_opens_with_the_hospitals_key_alone(synced: Site) -> None:
    site = synced
    used = site.ask(
        "SELECT origin.code, m.case_reference, lot.number FROM lotwatch.movement AS m"
        " JOIN lotwatch.location AS origin ON origin.location_id = m.from_location_id"
        " JOIN lotwatch.location AS patient ON patient.location_id = m.to_location_id AND patient.kind = 'patient'"
        " LEFT JOIN lotwatch.lot USING (lot_id) WHERE m.kind = 'movement'"
    )
    assert {place for place, _, _ in used} == {"SMH-OR", "SMH-CATH", "SMH-ICU", "SMH-WARD"}
    assert all(Seal(KEY).open(case).startswith("Patient/p") for _, case, _ in used)
    with pytest.raises(SourceError, match="another key"):
        Seal("the key of somebody else").open(used[0][1])
    (lot,) = trace_numbers(site.conn, [Number("MD-0027", "S002700")]).lots
    assert {flow.origin.code for flow in lot.used} == {"SMH-ICU"}
    assert all(flow.with_case_reference == flow.movements for flow in lot.used)


def test_use_without_a_lot_is_accepted_and_flagged(synced: Site) -> None:
    site = synced
    flagged = site.ask(
        "SELECT m.source_event_id FROM lotwatch.movement_flag AS f JOIN lotwatch.movement AS m USING (movement_id)"
        " WHERE f.flag = 'lot_missing'"
    )
    assert flagged == [("DeviceUsage/du-no-lot",)]


def test_a_planned_procedure_is_demand_on_the_day_of_its_appointment_and_moves_with_it(
    new_site: Callable[..., Site],
) -> None:
    site = new_site()
    site.sync()
    asked = (
        "SELECT d.need_by, o.procedure_at, d.state, place.code, o.procedure_reference FROM lotwatch.demand_order_line AS d"
        " JOIN lotwatch.demand_order AS o USING (demand_order_id)"
        " JOIN lotwatch.location AS place ON place.location_id = o.customer_location_id WHERE d.source_key = %s"
    )
    ((need_by, at, state, place, sealed),) = site.ask(asked, "DeviceRequest/dr-1")
    assert (need_by, at.isoformat(), state, place) == (date(2025, 6, 21), "2025-06-21T08:30:00+00:00", "open", "SMH-OR")
    assert Seal(KEY).open(sealed) == "ServiceRequest/svc-1"
    site.write(site.get("Appointment/app-1") | {"start": "2025-07-01T09:00:00+01:00"})
    site.sync()
    assert site.ask(asked, "DeviceRequest/dr-1")[0][:3] == (
        date(2025, 7, 1), datetime.fromisoformat("2025-07-01T08:00:00+00:00"), "open",
    )  # fmt: skip
    site.write(site.get("ServiceRequest/svc-1") | {"status": "revoked"})
    site.sync()
    assert site.ask(asked, "DeviceRequest/dr-1")[0][2] == "cancelled"


def test_the_whole_way_through_the_gate_with_its_referee_leaves_no_patient_anywhere(
    new_site: Callable[..., Site], tmp_path: Path
) -> None:
    site = new_site()
    connector = site.connector()
    now = connector.server_time()
    assert now is not None
    run = context("sync_hospital", "run-referee", as_of=now)
    site.conn.autocommit = True
    sync.pull(site.conn, run, "hospital", connector, None)
    staged = site.ask("SELECT string_agg(raw::text, '') FROM stage.movement")[0][0]
    assert "Marjorie" not in staged
    assert "Patient/" not in staged
    judged = sync.gate(site.conn, run, "hospital", tmp_path)
    assert judged["passed"] > 400
    sync.post(site.conn, run, "hospital")
    assert ledger.verify(site.conn) == []
    kept = site.ask(
        "SELECT string_agg(q.raw::text || q.record::text || q.reasons::text, '') FROM lotwatch.quarantine AS q"
    )
    assert kept[0][0] is None or not {"Marjorie", "Patient/"} & set(kept[0][0].split('"'))


@pytest.mark.parametrize("version", ["r4", "r5"])
def test_what_is_pushed_and_what_is_pulled_are_the_same_records(synced: Site, version: str) -> None:
    """By key and by row, so that a record that comes both ways is posted once."""
    site = replace(synced, version=version)
    connector = site.connector(version=version.upper())
    body: dict[str, Any] = {"resourceType": "Bundle", "type": "collection", "entry": []}
    for kind in connector.server.capability.interactions:
        body["entry"] += site._send("GET", f"{kind}?_count=1000").json()["entry"]
    receiver = FhirReceiver(connector.site, case_key=KEY)
    pushed = {(entity, record.source_key): (record.row, record.problems) for entity, record in receiver(body)}
    for entity in ("legal_entity", "lot", "movement", "demand_line", "delivery_line"):
        pulled = {(entity, record.source_key): (record.row, record.problems) for record in read_all(connector, entity)}
        over = {key for key in pushed if key[1].startswith("Procedure/") and entity == key[0] == "demand_line"}
        assert pulled == {key: pushed[key] for key in pushed if key[0] == entity and key not in over}


# --- what a hospital corrects


def usage_of(site: Site, identity: str, **changes: Any) -> dict[str, Any]:
    plain = site.get("DeviceUsage/du-corrected")
    return {name: value for name, value in plain.items() if name != "meta"} | {"id": identity} | changes


def stock(site: Site, lot: str) -> int:
    statement = (
        "SELECT sum(p.quantity) FROM lotwatch.position AS p JOIN lotwatch.lot USING (lot_id)"
        " JOIN lotwatch.location AS l ON l.location_id = p.location_id WHERE lot.number = %s AND l.code LIKE 'SMH-%%'"
    )
    return int(site.ask(statement, lot)[0][0])


def test_a_use_that_is_corrected_marked_as_an_error_or_deleted_is_taken_back(new_site: Callable[..., Site]) -> None:
    site = new_site()
    site.sync()
    right, wrong = stock(site, "S002791"), stock(site, "S002792")
    site.write(usage_of(site, "du-new", device=_of_wrong_lot(site)))
    site.sync()
    assert (stock(site, "S002791"), stock(site, "S002792")) == (right, wrong - 1)
    site.write(usage_of(site, "du-new"))
    site.sync()
    assert (stock(site, "S002791"), stock(site, "S002792")) == (right - 1, wrong)
    site.write(usage_of(site, "du-new", status="entered-in-error"))
    site.sync()
    assert (stock(site, "S002791"), stock(site, "S002792")) == (right, wrong)
    site.write(usage_of(site, "du-gone"))
    site.sync()
    site.delete("DeviceUsage/du-gone")
    site.sync()
    assert (stock(site, "S002791"), stock(site, "S002792")) == (right, wrong)
    assert ledger.verify(site.conn) == []


def _of_wrong_lot(site: Site) -> dict[str, Any]:
    """The device of which a use was first recorded by mistake."""
    identity = next(
        record.raw["id"] for record in read_all(site.connector(), "lot") if record.row.get("lot_number") == "S002792"
    )
    return {"reference": {"reference": f"Device/{identity}"}}


def test_a_correction_is_not_lost_in_garbage(new_site: Callable[..., Site]) -> None:
    site = new_site()
    site.sync()
    right, wrong = stock(site, "S002791"), stock(site, "S002792")
    site.write(usage_of(site, "du-new", device=_of_wrong_lot(site)))
    site.sync()
    site.write(usage_of(site, "du-new"))
    site.server.misbehave("garbage", 1_000_000, at="read")
    site.sync()
    site.server.misbehave("latency", 1, at="look_up")  # it behaves again
    site.sync()
    assert (stock(site, "S002791"), stock(site, "S002792")) == (right - 1, wrong)
    assert ledger.verify(site.conn) == []


def test_what_the_hospital_no_longer_has_is_inactive_and_no_longer_wanted(new_site: Callable[..., Site]) -> None:
    site = new_site()
    site.sync()
    site.delete("Location/OR-CAB")
    site.delete("SupplyRequest/sr-open")
    site.sync()
    assert site.ask("SELECT kind, active FROM lotwatch.location WHERE code = 'SMH-OR-CAB'") == [("bin", False)]
    statement = "SELECT state FROM lotwatch.demand_order_line WHERE source_key = 'SupplyRequest/sr-open'"
    assert site.ask(statement) == [("cancelled",)]


def test_a_backfill_reads_what_was_changed_within_it(synced: Site) -> None:
    connector = synced.connector()
    start, end = (datetime.fromisoformat(f"2025-05-{day}T00:00:00+00:00") for day in ("12", "14"))
    found = [record for page in connector.changed_between("delivery_line", start, end) for record in page.records]
    assert found
    for record in found:
        assert start <= datetime.fromisoformat(record.raw["meta"]["lastUpdated"]) < end


# --- what goes wrong on the way


@pytest.mark.parametrize(
    ("mode", "times"), [("cut_off", 1), ("429", 1), ("500", 1), ("repeat", 1000), ("latency", 1000)]
)
def test_a_fault_that_passes_changes_nothing(
    new_site: Callable[..., Site], right: list[tuple[Any, ...]], mode: str, times: int
) -> None:
    site = new_site()
    site.server.misbehave(mode, times, at="read")
    site.sync()
    assert site.shown() == right


@pytest.mark.parametrize("mode", ["back_in_time", "change", "garbage"])
def test_a_fault_that_a_pull_cannot_see_through_is_healed_by_the_next(
    new_site: Callable[..., Site], right: list[tuple[Any, ...]], mode: str
) -> None:
    """What had no id then, and what tells nothing of supplies, stays in quarantine for a person; else all is as it should be."""
    site = new_site()
    site.server.misbehave(mode, 1_000_000, at="read")
    site.sync()
    site.server.misbehave("latency", 1, at="look_up")  # it behaves again
    site.sync()
    site.sync()
    shown = site.shown()
    assert set(right) <= set(shown)
    for row in set(shown) - set(right):
        assert (row[0], row[2].startswith("Procedure/") or "/?" in row[2]) == ("quarantine", True), row
    assert ledger.verify(site.conn) == []


def test_a_server_that_dies_in_the_middle_of_a_pull_leaves_nothing_and_the_next_pull_brings_all(
    new_site: Callable[..., Site], right: list[tuple[Any, ...]]
) -> None:
    site = new_site()
    connector = site.connector()
    pages = connector.changed("movement", None)
    next(pages)
    site.server.misbehave("cut_off", 1_000_000, at="read")
    with pytest.raises(SourceError, match="does not answer") as told:
        list(pages)
    assert told.value.retry
    site.server.misbehave("latency", 1, at="look_up")
    site.sync()
    assert site.shown() == right


def test_a_server_that_is_down_is_read_where_it_stopped_once_it_is_up(
    tmp_path: Path, new_site: Callable[..., Site]
) -> None:
    site = new_site()
    (tmp_path / "made-on").write_text(MADE_ON.isoformat())
    with servers.hospital(tmp_path) as running:
        site.server = running
        site.sync()
        site.write(usage_of(site, "du-before-the-crash"))
        running.crash()
        with pytest.raises(SourceError, match="does not answer"):
            site.sync()
        site.conn.rollback()
    with servers.hospital(tmp_path) as running:
        site.server = running
        site.sync()
    known = site.ask("SELECT 1 FROM lotwatch.movement WHERE source_event_id = 'DeviceUsage/du-before-the-crash'")
    assert known == [(1,)]


def test_a_record_that_moves_to_the_end_while_it_is_read_hides_no_other(synced: Site) -> None:
    """The first record of each page is changed once the page was shown: by their numbers, pages would skip one each."""
    site = synced
    expected = {record.source_key for record in read_all(site.connector(), "lot")}
    site.server.misbehave("change", 1_000_000, at="read")
    assert {record.source_key for record in read_all(site.connector(page_size=3), "lot")} == expected


def test_a_token_is_fetched_with_client_credentials(synced: Site) -> None:
    site = synced
    extra = {"auth": {"token_url": "/token"}}
    login = Login(f"{site.server.url}/r5", user="lotwatch", password=servers.HOSPITAL_TOKEN, extra=extra)
    assert read_all(pull(login, **OPTIONS), "legal_entity")
    with pytest.raises(SourceError, match="does not let us get a token"):
        read_all(pull(replace(login, password="not the secret"), **OPTIONS), "lot")


def test_a_wrong_token_is_told_as_what_it_is(server: servers.Server) -> None:
    login = Login(f"{server.url}/r5", password="not the token")
    with pytest.raises(SourceError, match="does not let us read") as told:
        pull(login).server_time()
    assert "the token in the connection" in str(told.value)


def test_the_stand_in_speaks_fhir_as_a_library_has_it(synced: Site) -> None:
    """fhir.resources has models of R5 and R4B, which for these types is R4 with nothing taken away."""
    from fhir.resources import get_fhir_model_class
    from fhir.resources.R4B import get_fhir_model_class as get_r4_class

    for version, model in (("r5", get_fhir_model_class), ("r4", get_r4_class)):
        site = replace(synced, version=version)
        for kind in site.connector().server.capability.interactions:
            bundle = site._send("GET", f"{kind}?_count=1000").json()
            assert bundle["entry"], kind
            model("Bundle").model_validate_json(json.dumps(bundle))

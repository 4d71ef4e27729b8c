"""SAP, Kingdee and Yonyou reach the ledger by the sample mappings, whatever their servers do on the way."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lotwatch import gate
from lotwatch.audit import begin_run
from lotwatch.errors import SourceError
from lotwatch.gate.suites import ENTITIES
from lotwatch.jobs import sync
from lotwatch.jobs.load import load
from lotwatch.paths import EXPECTATIONS, MAPPINGS
from lotwatch.sources import pending_batches
from lotwatch.sources.connector import Connector, Login, Record
from lotwatch.sources.registry import Source, connector
from lotwatch.sources.stage import entity_columns
from lotwatch.sources.table import CsvTable
from tests.integration.company import NOW, Company, context
from tests.integration.servers import TABLES_PASSWORD, Server, tables

PATHS = {"sap_s4": "/sap/opu/odata/sap", "kingdee": "", "yonyou": ""}
#: (place, lot, status) -> pieces: what happened in every system, see sandbox.tables.company
SAP_STOCK = {
    ("1010/171A", "L-A", "unrestricted"): 60,
    ("1010/171A", "L-B", "unrestricted"): 13,
    ("1010/171A", "L-B", "blocked"): 7,
    ("1010/171C", "L-A", "unrestricted"): 37,
}
STOCK = {
    "sap_s4": SAP_STOCK,
    "kingdee": {
        ("CK001", "L-A", "unrestricted"): 60,
        ("CK001", "L-B", "unrestricted"): 20,
        ("CK002", "L-A", "unrestricted"): 37,
    },
    "yonyou": {("YB01", "L-A", "unrestricted"): 97, ("YB01", "L-B", "unrestricted"): 20},
}
#: (order line, state of the invoice) -> pieces, what they cost: see there too
BILLED = {
    "sap_s4": {
        ("4500000001|20", "posted"): (18, 2340), ("4500000001|20", "draft"): (5, 650),
        ("4500000001|20", "cancelled"): (14, 1820),
    },
    "kingdee": {("9001", "posted"): (18, 2250.9), ("9001", "draft"): (5, 625.25), ("9001", "cancelled"): (7, 875.35)},
    "yonyou": {("31001", "posted"): (18, 1598.4), ("31001", "draft"): (5, 444)},
}  # fmt: skip
#: a type of movement, and a unit, that the sample does not know
SAP_UNKNOWN = {
    "2026|4900000005|1": "no case of the mapping holds for ReversedMaterialDocument",
    "2026|5105600001|000002": 'PurchaseOrderQuantityUnit "BOX"',
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with tables(tmp_path_factory.mktemp("tables")) as server:
        yield server


@pytest.fixture
def server(running: Server) -> Server:
    running.reset()
    return running


@pytest.fixture
def conn(company: Company, db_url: str, tmp_path: Path) -> Iterator[psycopg.Connection]:
    """A connection to a database that knows the places of the sample, and nothing else."""
    with psycopg.connect(db_url, autocommit=True) as conn:
        places = CsvTable(MAPPINGS / "samples" / "places.csv", "location", entity_columns(conn, "location"))
        assert load(conn, context(), "file", places, tmp_path / "docs").quarantined == 0
        yield conn


def system(server: Server, name: str, mapping: str | None = None, path: str | None = None) -> Connector:
    kind = "odata" if name == "sap_s4" else "rest_json"
    source = Source(
        kind=kind, connection="erp", schedule="* * * * *", options={"mapping": mapping or f"samples/{name}.yaml"}
    )
    where = PATHS[name] if path is None else path
    return connector(source, Login(server.url + where, database="D1", user="lotwatch", password=TABLES_PASSWORD))


def synced(conn: psycopg.Connection, made: Connector, source: str) -> dict[str, int]:
    """Pull, judge by the real suites, post; returns what was new or changed."""
    run = begin_run(conn, context())
    sync.pull(conn, run, source, made, None)
    waiting = pending_batches(conn, source, "staged")
    report = gate.run_gate(conn, waiting, suites=EXPECTATIONS, docs=Path(), as_of=NOW, referee=False)
    assert [batch.error for batch in report.batches] == [None]
    return sync.post(conn, run, source)


def stock(conn: psycopg.Connection) -> dict[tuple[str, str, str], int]:
    rows = conn.execute(
        "SELECT l.code, lot.number, p.status, sum(p.quantity)::int FROM lotwatch.position AS p"
        " JOIN lotwatch.location AS l USING (location_id) JOIN lotwatch.lot USING (lot_id)"
        " WHERE l.holds_stock AND p.quantity <> 0 GROUP BY 1, 2, 3"
    ).fetchall()
    return {(place, lot, status): quantity for place, lot, status, quantity in rows}


def billed(conn: psycopg.Connection) -> dict[tuple[str, str], tuple[int, float]]:
    rows = conn.execute(
        "SELECT order_line_key, state, sum(quantity)::int, round(sum(quantity * unit_price), 4)::float"
        " FROM lotwatch.invoice_line GROUP BY 1, 2"
    ).fetchall()
    return {(line, state): (quantity, amount) for line, state, quantity, amount in rows}


def quarantined(conn: psycopg.Connection) -> dict[str, str]:
    found = conn.execute(
        "SELECT source_key, reasons FROM lotwatch.quarantine WHERE state = 'open' AND entity = ANY(%s)",
        (list(ENTITIES),),
    ).fetchall()
    return {key: "; ".join(reasons) for key, reasons in found}


def is_as_without_faults(conn: psycopg.Connection) -> None:
    """What SAP says is in the ledger, once, and nothing else."""
    assert stock(conn) == SAP_STOCK
    assert quarantined(conn).keys() == SAP_UNKNOWN.keys()
    assert billed(conn) == BILLED["sap_s4"]
    counts = conn.execute(
        "SELECT (SELECT count(*) FROM lotwatch.movement), (SELECT count(*) FROM lotwatch.item),"
        " (SELECT count(*) FROM lotwatch.lot), (SELECT count(*) FROM lotwatch.purchase_order_line)"
    ).fetchone()
    assert counts == (8, 11, 2, 3)
    names = conn.execute("SELECT count(*) FROM lotwatch.item WHERE name ~ '^Stent [0-9]+$'").fetchone()
    assert names == (11,)


@pytest.mark.parametrize("name", ["sap_s4", "kingdee", "yonyou"])
def test_a_sample_brings_its_system_into_the_ledger_and_nothing_twice(
    conn: psycopg.Connection, server: Server, name: str
) -> None:
    made = system(server, name)
    assert synced(conn, made, name)["movement"] > 0
    assert stock(conn) == STOCK[name]
    told = quarantined(conn)
    assert told.keys() == (SAP_UNKNOWN.keys() if name == "sap_s4" else set())
    assert all(reason in told[key] for key, reason in SAP_UNKNOWN.items() if key in told)
    assert billed(conn) == BILLED[name]
    movements = conn.execute("SELECT count(*) FROM lotwatch.movement").fetchone()
    again = synced(conn, system(server, name), name)
    assert {what: count for what, count in again.items() if what in {"movement", "invoice_line"} and count} == {}
    assert stock(conn) == STOCK[name]
    assert conn.execute("SELECT count(*) FROM lotwatch.movement").fetchone() == movements


def test_an_order_in_boxes_is_counted_in_pieces_at_the_price_of_a_piece(
    conn: psycopg.Connection, server: Server
) -> None:
    records = read(system(server, "sap_s4"), "purchase_line")
    lines = {record.source_key: record.row for record in records}
    assert [lines[f"4500000001|{item}"]["quantity"] for item in (10, 20, 30)] == [150, 20, 5]
    assert [lines[f"4500000001|{item}"]["unit_price"] for item in (10, 20, 30)] == [125, 130, 130]
    assert [lines[f"4500000001|{item}"]["order_state"] for item in (10, 20, 30)] == ["open", "done", "cancelled"]


def read(made: Connector, entity: str) -> list[Record]:
    return [record for page in made.changed(entity, None) for record in page.records]


def test_what_changes_is_read_and_what_does_not_is_left_alone(conn: psycopg.Connection, server: Server) -> None:
    made = system(server, "sap_s4")
    first = list(made.changed("item", None))
    assert sum(len(page.records) for page in first) == 11
    cursor = first[-1].cursor
    server.wish(now="2026-06-16T08:00:00Z", set="API_PRODUCT_SRV/A_Product", rows=[
        {"Product": "000000000000004712", "ProductGroup": "GUIDE", "LastChangeDateTime": "2026-06-16T07:00:00Z"}
    ])  # fmt: skip
    again = [record for page in made.changed("item", cursor) for record in page.records]
    changed = {record.row["code"]: record.row["category"] for record in again}
    assert changed["4712"] == "GUIDE"
    assert len(changed) < 11


def test_a_backfill_reads_its_interval_alone(server: Server) -> None:
    made = system(server, "sap_s4")
    start = NOW.replace(month=5, day=15, hour=0)
    records = [r for page in made.changed_between("item", start, start.replace(day=18)) for r in page.records]
    assert [record.row["code"] for record in records] == ["4712", "4713", "4714"]


@pytest.mark.parametrize(
    ("mode", "times"),
    [("cut_off", 3), ("500", 3), ("429", 2), ("repeat", 50), ("garbage", 50), ("back_in_time", 50), ("change", 2)],
)
def test_after_a_fault_the_ledger_is_as_without_it(
    conn: psycopg.Connection, server: Server, mode: str, times: int
) -> None:
    server.misbehave(mode, times=times, at="read")
    synced(conn, system(server, "sap_s4"), "sap_s4")
    server.misbehave("latency", times=1, at="send")  # the fault is over
    for _ in range(2):
        synced(conn, system(server, "sap_s4"), "sap_s4")
    if mode == "garbage":  # a record whose own key was garbled cannot be told from one that is no more
        conn.execute("UPDATE lotwatch.quarantine SET state = 'discarded' WHERE source_key LIKE '%�%'")
    is_as_without_faults(conn)


@pytest.mark.parametrize("mode", ["cut_off", "500", "repeat", "garbage", "back_in_time", "change"])
@pytest.mark.parametrize("name", ["kingdee", "yonyou"])
def test_after_a_fault_of_an_interface_the_ledger_is_as_without_it(
    conn: psycopg.Connection, server: Server, name: str, mode: str
) -> None:
    server.misbehave(mode, times=3 if mode in {"cut_off", "500"} else 60, at="read")
    synced(conn, system(server, name), name)
    server.misbehave("latency", times=1, at="send")  # the fault is over
    synced(conn, system(server, name), name)
    conn.execute("UPDATE lotwatch.quarantine SET state = 'discarded' WHERE source_key LIKE '%\ufffd%'")
    assert (stock(conn), billed(conn), quarantined(conn)) == (STOCK[name], BILLED[name], {})


def test_what_changes_while_pages_are_read_is_read_again(conn: psycopg.Connection, server: Server) -> None:
    made = system(server, "sap_s4")
    server.misbehave("change", times=1, at="read")
    pages = list(made.changed("item", None))
    seen = {record.row["code"]: record.row["category"] for page in pages for record in page.records}
    assert len(seen) == 11
    again = [record for page in made.changed("item", pages[-1].cursor) for record in page.records]
    assert {"4711": "STENT2"}.items() <= {record.row["code"]: record.row["category"] for record in again}.items()


def test_rows_that_go_while_pages_are_read_hide_no_other(server: Server) -> None:
    made = system(server, "sap_s4")
    pages = made.changed("item", None)
    first = [record.row["code"] for record in next(pages).records]
    server.wish(set="API_PRODUCT_SRV/A_Product", gone=[{"Product": f"{int(first[0]):018}"}])
    rest = [record.row["code"] for page in pages for record in page.records]
    assert {*first, *rest} == {str(number) for number in range(4711, 4722)}


def test_a_server_that_is_down_for_a_day_loses_nothing(
    conn: psycopg.Connection, server: Server, tmp_path: Path
) -> None:
    synced(conn, system(server, "sap_s4"), "sap_s4")
    with tables(tmp_path / "other") as other:
        other.crash()
        with pytest.raises(SourceError, match="does not answer") as caught:
            synced(conn, system(other, "sap_s4"), "sap_s4")
        assert caught.value.retry
    server.wish(now="2026-06-16T20:00:00Z", set="API_MATERIAL_DOCUMENT_SRV/A_MaterialDocumentItem", rows=[{
        "MaterialDocumentYear": "2026", "MaterialDocument": "4900000009", "MaterialDocumentItem": "1",
        "Material": f"{4711:018}", "Plant": "1010", "StorageLocation": "171C", "Batch": "L-A", "GoodsMovementType": "201",
        "InventoryStockType": "01", "PurchaseOrder": "", "PurchaseOrderItem": "", "MaterialBaseUnit": "PC",
        "QuantityInBaseUnit": "7.000", "IssuingOrReceivingPlant": "", "IssuingOrReceivingStorageLoc": "",
        "ReversedMaterialDocumentYear": "", "ReversedMaterialDocument": "", "ReversedMaterialDocumentItem": "",
        "IsAutomaticallyCreated": "", "to_MaterialDocumentHeader": {
            "PostingDate": "2026-06-15T00:00:00", "CreationDate": "2026-06-15T00:00:00", "CreationTime": "PT09H30M00S",
        },
    }])  # fmt: skip
    assert synced(conn, system(server, "sap_s4"), "sap_s4")["movement"] == 1
    assert stock(conn)["1010/171C", "L-A", "unrestricted"] == 30


@pytest.mark.parametrize("paging", ["skip", "next"])
@pytest.mark.parametrize("version", ["v2", "v4"])
def test_both_versions_and_ways_of_turning_pages_say_the_same(
    server: Server, tmp_path: Path, version: str, paging: str
) -> None:
    mapping = tmp_path / "items.yaml"
    mapping.write_text(f"""
entities:
  item:
    odata: {{service: API_PRODUCT_SRV, set: A_Product, version: {version}, paging: {paging}, page_size: 3}}
    key: Product
    changed: LastChangeDateTime
    columns: {{code: Product, active: {{value: yes}}}}
""")
    path = "/odata/v4" if version == "v4" else None
    made = system(server, "sap_s4", str(mapping), path)
    pages = list(made.changed("item", None))
    codes = {record.row["code"] for page in pages for record in page.records}
    assert codes == {f"{number:018}" for number in range(4711, 4722)}
    seen = pages[-1].cursor["feeds"]["A_Product"]["seen"]
    assert seen == "2026-05-24T06:00:00+00:00"
    assert made.server_time() == NOW if version == "v2" else True


@pytest.mark.parametrize(
    ("change", "what", "do"),
    [
        (("A_Product", "A_Produkt"), 'has no "A_Produkt"', "did you mean A_Product?"),
        (("ProductGroup", "ProductGrp"), 'reads "ProductGrp", which A_Product does not have', "did you mean ProductGroup?"),
    ],
)  # fmt: skip
def test_a_name_that_the_service_does_not_have_is_told_with_the_nearest(
    server: Server, tmp_path: Path, change: tuple[str, str], what: str, do: str
) -> None:
    mapping = tmp_path / "sap.yaml"
    mapping.write_text((MAPPINGS / "samples" / "sap_s4.yaml").read_text().replace(*change))
    with pytest.raises(SourceError) as caught:
        read(system(server, "sap_s4", str(mapping)), "item")
    assert what in caught.value.what
    assert do in caught.value.do
    assert "sap.yaml, line" in caught.value.where


@pytest.mark.parametrize("name", ["kingdee", "yonyou"])
def test_a_session_that_ends_is_begun_again(server: Server, name: str) -> None:
    made = system(server, name)
    assert len(read(made, "item")) == 7
    server.wish(end_sessions=True)
    assert len(read(made, "item")) == 7


@pytest.mark.parametrize("name", ["sap_s4", "kingdee", "yonyou"])
def test_a_wrong_password_is_told_and_not_shown(server: Server, name: str) -> None:
    kind = "odata" if name == "sap_s4" else "rest_json"
    source = Source(kind=kind, connection="erp", schedule="* * * * *", options={"mapping": f"samples/{name}.yaml"})
    made = connector(source, Login(server.url + PATHS[name], user="lotwatch", password="not-the-password"))
    with pytest.raises(SourceError) as caught:
        made.server_time()
    assert "let us" in caught.value.what
    assert "not-the-password" not in str(caught.value)


def test_a_failure_that_comes_as_a_success_is_told_in_the_system_s_words(server: Server, tmp_path: Path) -> None:
    mapping = tmp_path / "kingdee.yaml"
    mapping.write_text((MAPPINGS / "samples" / "kingdee.yaml").read_text().replace("FIsBatchManage", "FBatchManage"))
    with pytest.raises(SourceError, match="字段不存在: FBatchManage"):
        read(system(server, "kingdee", str(mapping)), "item")


def test_a_token_in_an_address_is_in_no_message(server: Server) -> None:
    made: Any = system(server, "yonyou")
    read(made, "item")
    server.misbehave("reject", times=1, at="read")
    with pytest.raises(SourceError) as caught:
        read(made, "item")
    assert "access_token" not in str(caught.value)

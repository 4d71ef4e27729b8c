"""Labels of what is received are read, compared with the books, the item and the regulators, and hold what disagrees."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lotwatch import facts, ledger
from lotwatch.audit import begin_run
from lotwatch.errors import LotwatchError
from lotwatch.jobs import load
from lotwatch.ledger.labels import LabelPolicy, load_label_policy
from lotwatch.sources.connector import Record
from lotwatch.sources.stage import entity_columns
from lotwatch.sources.table import CsvTable
from lotwatch.sources.udi import labelled
from tests.integration.company import NOW, TODAY, Company, context
from tests.worlds import prepared

DI, CASE_DI, OTHER_DI, UNKNOWN_DI = "04053210000014", "14053210000011", "04053210000090", "04053210999993"
EXPIRES = date(2027, 7, 20)
MA = "MA.156.M0.100761.21234561.LL1.E270721"  # of MA, the day of expiry is no day of use


# --- reading what was scanned


@pytest.mark.parametrize(
    ("raw", "lot"),
    [
        ("(01)04053210000014(17)270720(10)L1", "L1"),
        ("010405321000001410L1\x1d17270720", "L1"),
        ("https://id.gs1.org/01/04053210000014/10/L1?17=270720", "L1"),
        ("+A99912345/$$3270720L1/", "L1"),
        (MA, "L1"),
        ("84459000000000000001", None),
    ],
)
def test_a_scanned_label_fills_in_what_the_record_leaves_open(raw: str, lot: str | None) -> None:
    columns = ("item_code", "udi_di", "lot_number", "serial_number", "usable_through", "udi")
    row = labelled(Record("1", {}, {"udi": raw}), columns, TODAY).row
    assert row["udi_di"]
    if lot is not None:
        assert (row["lot_number"], row["usable_through"]) == (lot, EXPIRES)
    stated = {"udi": raw, "lot_number": "OTHER", "usable_through": TODAY}
    row = labelled(Record("1", {}, stated), columns, TODAY).row
    assert (row["lot_number"], row["usable_through"]) == ("OTHER", TODAY), "what the record says itself stays"


def test_a_serial_number_is_filled_in_only_where_the_record_is_about_that_unit() -> None:
    raw, columns = "(01)04053210000014(10)L1(21)S1", ("lot_number", "serial_number", "quantity", "udi")
    for row, serial in (({}, "S1"), ({"quantity": 1}, "S1"), ({"quantity": 5}, None), ({"lot_number": "L1"}, None)):
        record = labelled(Record("1", {}, {"udi": raw, **row}), columns, TODAY)
        assert record.row.get("serial_number") == serial


def test_a_label_that_cannot_be_read_leaves_the_record_as_it_is() -> None:
    record = Record("1", {}, {"udi": "no label", "lot_number": None})
    assert labelled(record, ("lot_number", "udi"), TODAY) is record
    assert labelled(Record("1", {}, {"udi": "(01)04053210000014"}), ("lot_number",), TODAY).row.keys() == {"udi"}


def test_any_source_may_bring_labels_alone(company: Company, tmp_path: Path) -> None:
    company.item()
    company.add("identifier", item_code="I1", agency="GS1", code=DI, package_level="unit", units_contained=1)
    company.post()
    company.conn.commit()
    company.conn.autocommit = True
    circumstances = begin_run(company.conn, context("load"))
    moved_at = f"{NOW - timedelta(days=1):%Y-%m-%dT%H:%MZ}"
    scanned = "(01)04053210000014(17)270720(10)L1"
    moved = "source_key,udi,from_location,to_location,quantity,occurred_at"
    files = {"lot": f"source_key,udi\nlot,{scanned}\n", "movement": f"{moved}\nm1,{scanned},SUPPLIER,DC,4,{moved_at}\n"}
    for entity, text in files.items():
        path = tmp_path / f"{entity}.csv"
        path.write_text(text, encoding="utf-8")
        table = CsvTable(path, entity, entity_columns(company.conn, entity))
        assert load.load(company.conn, circumstances, "scans", table, tmp_path).refused == []
    assert company.position("DC") == 4
    assert found(company) == [("verified", [], False)]


# --- checking what was received


@prepared
def stocked(company: Company) -> None:
    """An item of class III with its identifiers, a device record, a registration, and another item."""
    company.item(device_class="III", registration_number="R1", registration_through=TODAY + timedelta(days=90))
    company.item("I2")
    for code, item, level, units in ((DI, "I1", "unit", 1), (CASE_DI, "I1", "case", 10), (OTHER_DI, "I2", "unit", 1)):
        company.add("identifier", item_code=item, agency="GS1", code=code, package_level=level, units_contained=units)
    company.lot(expires=EXPIRES)
    company.post()


def device(company: Company, **differing: Any) -> None:
    row = {"label_lot": True, "label_serial": False, "label_expiry": True, "registration_number": "R1"} | differing
    company.conn.execute(
        "INSERT INTO lotwatch.device_record (source, source_key, udi_di, agency, label_lot, label_serial, label_expiry,"
        " registration_number) VALUES ('gudid', 'D1', %s, 'GS1', %s, %s, %s, %s)",
        (DI, *row.values()),
    )


def receive(company: Company, **row: Any) -> int:
    """A receipt of ten from the supplier, posted and checked; how many failed."""
    company.move(row.pop("quantity", 10), "DC", **row)
    batch_id = company.stage()
    ledger.post_events(company.conn, batch_id)
    failed = ledger.check_labels(company.conn, batch_id, load_label_policy())
    company.conn.commit()
    return failed


def found(company: Company) -> list[tuple]:
    return company.conn.execute(
        "SELECT outcome, findings, high_value FROM lotwatch.udi_check ORDER BY movement_id"
    ).fetchall()


def holds(company: Company) -> list[tuple]:
    return company.conn.execute(
        "SELECT hold.cause, hold.authority, lot.number, hold.reason FROM lotwatch.hold LEFT JOIN lotwatch.lot USING (lot_id)"
    ).fetchall()


def label(lot: str = "L1", di: str = DI, expiry: str = "270720") -> str:
    return f"(01){di}(17){expiry}(10){lot}"


def test_what_agrees_is_verified_and_what_has_nothing_to_compare_with_is_said_to_have_nothing(stocked: Company) -> None:
    assert receive(stocked) == 0
    assert receive(stocked, udi=label()) == 0
    device(stocked)
    assert receive(stocked) == 0
    assert found(stocked) == [("not_verifiable", [], True), ("verified", [], True), ("verified", [], True)]
    assert holds(stocked) == []


@pytest.mark.parametrize(
    ("row", "finding"),
    [
        ({"udi": label(di=UNKNOWN_DI)}, "di_unknown"),
        ({"udi_di": OTHER_DI}, "di_of_another_item"),
        ({"udi": label(lot="L2")}, "lot_differs"),
        ({"udi": label(expiry="280720")}, "expiry_differs"),
    ],
)
def test_a_label_that_contradicts_the_books_holds_the_lot_until_somebody_has_looked(
    stocked: Company, row: dict[str, Any], finding: str
) -> None:
    device(stocked)
    assert receive(stocked, **row) == 1
    assert found(stocked) == [("failed", [finding], True)]
    assert holds(stocked) == [("data", "data", "L1", f"label at receipt: {finding}")]
    facts.live(stocked.conn, NOW)
    measures = stocked.conn.execute("SELECT physical, available FROM lotwatch.fact_item_site WHERE site_code = 'DC'")
    assert measures.fetchall() == [(10, 0)]


@pytest.mark.parametrize(
    ("differing", "row", "finding"),
    [
        ({}, {"lot": None}, ["lot_missing", "expiry_missing"]),
        ({"label_lot": False}, {}, ["lot_unexpected"]),
        ({"label_serial": True}, {}, ["serial_missing"]),
        ({"registration_number": "R2"}, {}, ["registration_differs"]),
        ({}, {"udi_di": CASE_DI, "quantity": 15}, ["package_quantity"]),
    ],
)
def test_what_is_merely_odd_is_found_and_holds_nothing(
    stocked: Company, differing: dict[str, Any], row: dict[str, Any], finding: list[str]
) -> None:
    device(stocked, **differing)
    assert receive(stocked, **row) == 1
    assert found(stocked) == [("failed", finding, True)]
    assert holds(stocked) == []


def test_a_package_of_the_item_received_whole_is_verified(stocked: Company) -> None:
    device(stocked)
    assert receive(stocked, udi_di=CASE_DI, quantity=20) == 0


def test_what_was_made_while_it_was_registered_may_be_received_afterwards(company: Company) -> None:
    company.item(registration_number="R1", registration_through=TODAY - timedelta(days=30))
    company.lot(manufactured_on=TODAY - timedelta(days=60))
    company.lot("L2", manufactured_on=TODAY - timedelta(days=10))
    company.post()
    receive(company)
    receive(company, lot="L2")
    assert [findings for _, findings, _ in found(company)] == [[], ["registration_not_in_force"]]


def test_a_serial_number_that_is_elsewhere_already_holds_that_unit(company: Company) -> None:
    company.item(label_lot=False, label_serial=True, label_expiry=False, criticality="life_supporting")
    company.add("lot", item_code="I1", serial_number="S1")
    company.post()
    assert receive(company, quantity=1, lot=None, serial_number="S1") == 0
    company.move(1, "HOSP", lot=None, serial_number="S1")
    batch_id = company.stage()
    ledger.post_events(company.conn, batch_id)
    assert ledger.check_labels(company.conn, batch_id, load_label_policy()) == 1
    assert found(company)[-1] == ("failed", ["serial_elsewhere"], True)
    row = company.conn.execute("SELECT serial_id IS NOT NULL, lot_id IS NULL FROM lotwatch.hold").fetchall()
    assert row == [(True, True)]


def test_a_cheap_item_is_found_and_not_held_unless_its_price_says_so(company: Company) -> None:
    company.item()
    company.item("I2", unit_cost=Decimal(500))
    for item in ("I1", "I2"):
        company.lot(item=item)
    company.post()
    for item in ("I1", "I2"):
        assert receive(company, item=item, udi_di=UNKNOWN_DI) == 1
    assert [high for _, _, high in found(company)] == [False, True]
    assert len(holds(company)) == 1


def test_a_receipt_is_checked_once_and_only_while_it_is_new(stocked: Company) -> None:
    assert receive(stocked, key="m1", udi_di=UNKNOWN_DI) == 1
    assert receive(stocked, key="m1", udi_di=UNKNOWN_DI) == 0, "read again, it says nothing new"
    assert receive(stocked, udi_di=UNKNOWN_DI, days_ago=31) == 0
    assert receive(stocked, origin="HOSP", udi_di=UNKNOWN_DI) == 0, "it was there before"
    stocked.move(10, "DC", udi_di=UNKNOWN_DI)
    batch_id = stocked.stage()
    stocked.conn.execute("UPDATE lotwatch.batch SET backfilled = true WHERE batch_id = %s", (batch_id,))
    ledger.post_events(stocked.conn, batch_id)
    assert ledger.check_labels(stocked.conn, batch_id, load_label_policy()) == 0, "a backfill looks at the past"
    assert len(found(stocked)) == 1
    assert len(holds(stocked)) == 1


def test_a_released_hold_is_not_placed_again(stocked: Company) -> None:
    receive(stocked, key="m1", udi_di=UNKNOWN_DI)
    stocked.conn.execute("UPDATE lotwatch.hold SET released_at = now(), released_by = 'ops'")
    receive(stocked, key="m1", udi_di=UNKNOWN_DI)
    assert stocked.conn.execute("SELECT count(*) FROM lotwatch.hold WHERE released_at IS NULL").fetchone() == (0,)


def test_what_was_found_stays(stocked: Company) -> None:
    receive(stocked)
    with pytest.raises(psycopg.Error):
        stocked.conn.execute("DELETE FROM lotwatch.udi_check")


def test_a_policy_that_cannot_be_meant_is_refused_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "receipts.yaml"
    path.write_text("hold: {findings: [di_unknwon]}")
    with pytest.raises(LotwatchError, match=r"(?s)di_unknwon.*receipts\.yaml"):
        load_label_policy(path)
    assert LabelPolicy().hold.findings == (), "what is not said holds nothing"

"""The connectors against a real Tryton filled with the trial company."""

import socket
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Record
from lotwatch.sources.jsonrpc import TrytonClient
from lotwatch.sources.tryton import (
    TrytonConnector,
    TrytonErp,
    TrytonProcurement,
    TrytonQuality,
    TrytonWarehouse,
    connect,
)

ENTITIES = [(kind, entity) for kind in (TrytonWarehouse, TrytonProcurement, TrytonQuality) for entity in kind.entities]


@dataclass(frozen=True)
class Line:
    item_code: str
    quantity: int
    unit_price: Decimal
    requested_on: date


@dataclass(frozen=True)
class Order:
    code: str
    lines: tuple[Line, ...]
    supplier_code: str = "SUP-01"
    site_code: str = "DC-N"
    currency: str = "EUR"


@pytest.fixture(scope="module")
def client(tryton: Any) -> TrytonClient:
    return connect(tryton.url, tryton.database, tryton.user, tryton.password)


@pytest.fixture(scope="module")
def movements(client: TrytonClient) -> list[Record]:
    """Every movement, read once."""
    return read_all(TrytonWarehouse(client), "movement")[0]


@pytest.fixture
def order() -> Order:
    wanted_on = date(2030, 5, 20)
    lines = (Line("MD-0001", 40, Decimal("1.2345"), wanted_on), Line("MD-0002", 7, Decimal("0.9000"), wanted_on))
    return Order(f"LW-{uuid4()}", lines)


def read_all(connector: TrytonConnector, entity: str) -> tuple[list[Record], dict[str, Any]]:
    records: list[Record] = []
    cursor: dict[str, Any] = {}
    for page in connector.changed(entity, None):
        records += page.records
        cursor = page.cursor
    return records, cursor


@pytest.mark.parametrize(("kind", "entity"), ENTITIES)
def test_everything_is_read_once_and_then_nothing_until_it_changes(
    client: TrytonClient, kind: type[TrytonConnector], entity: str
) -> None:
    records, cursor = read_all(kind(client), entity)
    keys = [record.source_key for record in records]
    assert len(set(keys)) == len(keys) > 0
    later = cursor | {"since": (datetime.fromisoformat(cursor["since"]) + timedelta(seconds=1)).isoformat()}
    assert [record for page in kind(client, overlap_minutes=0).changed(entity, later) for record in page.records] == []


def test_parents_come_before_children_and_no_movement_names_an_unknown_place(
    client: TrytonClient, movements: list[Record]
) -> None:
    known: set[str | None] = {None}
    for record in read_all(TrytonWarehouse(client), "location")[0]:
        assert record.row["parent_code"] in known
        known.add(record.row["code"])
    for record in movements:
        assert {record.row["from_location"], record.row["to_location"]} <= known


def test_sites_know_who_supplies_them_and_stock_in_special_places_is_marked(client: TrytonClient) -> None:
    rows = {record.row["code"]: record.row for record in read_all(TrytonWarehouse(client), "location")[0]}
    assert (rows["DC-N"]["supplied_by"], rows["H-N1"]["supplied_by"]) == ("supplier", "transfer")
    assert (rows["H-N1"]["kind"], rows["H-N1"]["region"], rows["H-N1"]["parent_code"]) == ("site", "NORTH", "NORTH")
    assert rows["DC-S-INSP"]["status"] == "inspection"
    assert rows["DC-S-BLOCKED"]["status"] == "blocked"
    assert rows["H-N1-CONS"]["owner"] == "consigned"
    assert rows["H-S1-LOANER"]["owner"] == "loaned"
    assert rows["H-N1-ICU"]["kind"] == "department"


def test_receipts_name_their_order_line_by_the_line_s_own_key(client: TrytonClient, movements: list[Record]) -> None:
    lines = {record.source_key: record for record in read_all(TrytonProcurement(client), "purchase_line")[0]}
    receipts = [record for record in movements if record.row["order_line_key"] is not None]
    assert len(receipts) > 1000
    for receipt in receipts:
        line = lines[receipt.row["order_line_key"]]
        assert line.row["item_code"] == receipt.row["item_code"]
        assert line.row["quantity"] >= receipt.row["quantity"]


def test_a_fractional_quantity_is_said_and_not_rounded(movements: list[Record]) -> None:
    problems = [record for record in movements if record.problems]
    assert [(record.raw["quantity"], record.problems[0].field) for record in problems] == [(2.5, "quantity")]


def test_serials_carry_their_lot_where_the_label_does(client: TrytonClient) -> None:
    warehouse = TrytonWarehouse(client)
    items = {record.row["code"]: record.row for record in read_all(warehouse, "item")[0]}
    lots = [record.row for record in read_all(warehouse, "lot")[0] if record.row["item_code"]]
    with_both = [row for row in lots if row["serial_number"] and row["lot_number"]]
    serial_alone = [row for row in lots if row["serial_number"] and not row["lot_number"]]
    assert all(items[row["item_code"]]["label_lot"] and items[row["item_code"]]["label_serial"] for row in with_both)
    assert with_both
    unknown_lot = [row for row in serial_alone if items[row["item_code"]]["label_lot"]]
    assert [row["serial_number"] for row in unknown_lot] == ["S9934471"]


def test_an_order_confirmed_for_later_is_promised_later_than_requested(client: TrytonClient) -> None:
    rows = [record.row for record in read_all(TrytonProcurement(client), "purchase_line")[0]]
    waiting = [row for row in rows if row["order_state"] == "open" and row["promised_on"] and row["requested_on"]]
    assert [row for row in waiting if row["promised_on"] - row["requested_on"] == timedelta(days=18)]


def test_a_pull_broken_off_resumes_after_its_last_page(client: TrytonClient) -> None:
    pages = TrytonWarehouse(client, page_size=1500).changed("lot", None)
    first = next(pages)
    rest = [record for page in TrytonWarehouse(client).changed("lot", first.cursor) for record in page.records]
    keys = [record.source_key for record in (*first.records, *rest)]
    assert sorted(keys) == sorted(record.source_key for record in read_all(TrytonWarehouse(client), "lot")[0])


def test_a_backfill_reads_what_was_entered_in_its_window_and_nothing_else(
    client: TrytonClient, movements: list[Record]
) -> None:
    entered = sorted(record.raw["create_date"] for record in movements)
    day = datetime.fromisoformat(entered[len(entered) // 2]).replace(hour=0, minute=0, second=0, tzinfo=UTC)
    expected = [stamp for stamp in entered if stamp[:10] == f"{day:%Y-%m-%d}"]
    pages = TrytonWarehouse(client).changed_between("movement", day, day + timedelta(days=1))
    assert sorted(record.raw["create_date"] for page in pages for record in page.records) == expected


def test_a_changed_record_comes_again(client: TrytonClient, order: Order) -> None:
    erp, procurement = TrytonErp(client), TrytonProcurement(client, overlap_minutes=0)
    _, cursor = read_all(procurement, "purchase_line")

    def again() -> list[int]:
        found = [record.row for page in procurement.changed("purchase_line", cursor) for record in page.records]
        return sorted(row["quantity"] for row in found if row["order_reference"] == order.code)

    assert again() == []
    erp.draft(order)
    assert again() == [7, 40]
    (purchase,) = client.search_read("purchase.purchase", [["reference", "=", order.code]], ["lines"])
    client.do("model.purchase.line.write", [min(purchase["lines"])], {"quantity": 50.0}, client.context())
    assert again() == [7, 50]


def test_a_draft_asked_for_twice_is_written_once(client: TrytonClient, order: Order) -> None:
    erp = TrytonErp(client)
    assert erp.find(order.code) is None
    number = erp.draft(order)
    assert number
    assert erp.draft(order) == erp.find(order.code) == number
    found = client.search_read("purchase.purchase", [["reference", "=", order.code]], ["number", "state"])
    assert [(purchase["number"], purchase["state"]) for purchase in found] == [(number, "draft")]


def test_our_draft_comes_back_as_our_draft(client: TrytonClient, order: Order) -> None:
    number = TrytonErp(client).draft(order)
    rows = [record.row for record in read_all(TrytonProcurement(client), "purchase_line")[0]]
    ours = sorted((row for row in rows if row["order_reference"] == order.code), key=lambda row: row["item_code"])
    assert [(row["item_code"], row["quantity"], row["unit_price"], row["requested_on"]) for row in ours] == [
        (line.item_code, line.quantity, line.unit_price, line.requested_on) for line in order.lines
    ]
    assert {(row["order_number"], row["order_state"], row["site_code"], row["supplier_code"]) for row in ours} == {
        (number, "draft", "DC-N", "SUP-01")
    }


def test_a_draft_left_without_a_number_is_finished_and_not_doubled(client: TrytonClient, order: Order) -> None:
    erp = TrytonErp(client)
    values = erp._values(order)
    client.do("model.purchase.purchase.create", [values], client.context())
    assert erp.find(order.code) is None
    number = erp.draft(order)
    assert erp.find(order.code) == number
    assert len(client.search_read("purchase.purchase", [["reference", "=", order.code]], ["id"])) == 1


def test_something_else_under_our_reference_is_refused(client: TrytonClient, order: Order) -> None:
    erp = TrytonErp(client)
    erp.draft(order)
    with pytest.raises(SourceError, match="MD-0001"):
        erp.draft(replace(order, lines=(replace(order.lines[0], quantity=41), order.lines[1])))
    with pytest.raises(SourceError, match="MD-9999"):
        erp.draft(replace(order, code=f"LW-{uuid4()}", lines=(replace(order.lines[0], item_code="MD-9999"),)))


def test_the_connector_s_user_can_draft_and_no_more(client: TrytonClient, order: Order) -> None:
    TrytonErp(client).draft(order)
    (purchase,) = client.search_read("purchase.purchase", [["reference", "=", order.code]], ["id"])
    for method, arguments in (
        ("purchase.purchase.confirm", ([purchase["id"]],)),
        ("purchase.purchase.delete", ([purchase["id"]],)),
        ("stock.move.write", ([1], {"planned_date": None})),
    ):
        with pytest.raises(SourceError, match="denies access"):
            client.do(f"model.{method}", *arguments, client.context())


def test_a_wrong_password_is_told(tryton: Any) -> None:
    with pytest.raises(SourceError, match="refuses the user or the password") as caught:
        list(
            TrytonQuality(connect(tryton.url, tryton.database, f"nobody-{uuid4()}", "wrong")).changed(
                "inspection", None
            )
        )
    assert not caught.value.retry


def test_a_server_that_is_down_is_told_and_worth_another_try(tryton: Any) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        with pytest.raises(SourceError, match="does not answer") as caught:
            list(TrytonQuality(connect(url, tryton.database, tryton.user, tryton.password)).changed("inspection", None))
    assert caught.value.retry


def test_a_session_that_ended_is_opened_again(client: TrytonClient) -> None:
    read_all(TrytonQuality(client), "inspection")
    client.do("common.db.logout")
    assert read_all(TrytonQuality(client), "inspection")[0]

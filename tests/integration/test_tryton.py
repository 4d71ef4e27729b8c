"""The connectors against a real Tryton filled with the trial company."""

import re
import socket
from collections import Counter
from collections.abc import Mapping
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
def boss(tryton: Any, outside: Any) -> TrytonClient:
    """A session of the administrator, who does what warehouse people do."""
    return connect(tryton.url, tryton.database, "admin", outside.secrets["tryton_admin"])


@pytest.fixture(scope="module")
def movements(client: TrytonClient) -> list[Record]:
    """Every movement, read once."""
    return read_all(TrytonWarehouse(client), "movement")[0]


@pytest.fixture
def order() -> Order:
    wanted_on = date(2030, 5, 20)
    lines = (Line("MD-0001", 40, Decimal("1.2345"), wanted_on), Line("MD-0002", 7, Decimal("0.9000"), wanted_on))
    return Order(f"LW-{uuid4()}", lines)


def read_all(
    connector: TrytonConnector, entity: str, since: dict[str, Any] | None = None
) -> tuple[list[Record], dict[str, Any]]:
    records: list[Record] = []
    cursor: dict[str, Any] = {}
    for page in connector.changed(entity, since):
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


def test_a_backfill_reads_what_was_changed_in_its_window_and_nothing_else(
    client: TrytonClient, movements: list[Record]
) -> None:
    entered = sorted(record.raw["create_date"] for record in movements)
    day = datetime.fromisoformat(entered[len(entered) // 2]).replace(hour=0, minute=0, second=0, tzinfo=UTC)
    # a movement also comes again when its item or its lot changed, whenever the trial company's day is
    products, lots = (changed_on(client, model, day.date()) for model in ("product.product", "stock.lot"))
    expected = {
        record.source_key
        for record in movements
        if changed(record.raw) == day.date() or record.raw["product"] in products or record.raw["lot"] in lots
    }
    pages = TrytonWarehouse(client).changed_between("movement", day, day + timedelta(days=1))
    assert {record.source_key for page in pages for record in page.records} == expected
    assert 0 < len(expected) < len(movements)


def changed_on(client: TrytonClient, model: str, day: date) -> set[int]:
    """The records of a model that were last changed on a day."""
    stamps = client.search_read(model, [], ["create_date", "write_date"])
    return {record["id"] for record in stamps if (record["write_date"] or record["create_date"]).date() == day}


def changed(raw: Mapping[str, Any]) -> date:
    """The day on which a record was last changed."""
    return datetime.fromisoformat(raw["write_date"] or raw["create_date"]).date()


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


def test_a_draft_is_changed_and_cancelled_as_it_is_wanted(client: TrytonClient, order: Order) -> None:
    erp = TrytonErp(client)
    number = erp.draft(order)
    sooner, rest = (
        replace(order.lines[0], quantity=15, requested_on=date(2030, 5, 2)),
        replace(order.lines[0], quantity=25),
    )
    split = replace(order, lines=(sooner, rest, order.lines[1]))
    less = replace(order, lines=(rest,))
    assert (erp.differs(order), erp.change(order, split), erp.change(order, split)) == (None, True, True)
    assert (erp.differs(split), erp.change(split, less), erp.differs(less)) == (None, True, None)
    assert erp.find(order.code) == number
    assert erp.differs(order) is not None
    nothing = replace(order, lines=())
    assert (erp.change(less, nothing), erp.change(less, nothing)) == (True, True)
    rows = [record.row for record in read_all(TrytonProcurement(client), "purchase_line")[0]]
    states = [(row["item_code"], row["order_state"]) for row in rows if row["order_reference"] == order.code]
    assert states == [(rest.item_code, "cancelled")]


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


def test_a_move_cancelled_after_it_was_done_is_told_and_taken_back(
    client: TrytonClient, boss: TrytonClient, movements: list[Record]
) -> None:
    by_key = {record.source_key: record for record in movements}
    [back] = [record for record in movements if record.row.get("kind") == "reversal"]
    original = by_key[back.row["reverses_key"]]
    assert back.source_key == f"{original.source_key};cancelled"
    assert original.row["from_location"] == back.row["to_location"] == "COUNT"
    assert (back.row["quantity"], back.row["occurred_at"]) == (original.row["quantity"], original.row["occurred_at"])

    warehouse = TrytonWarehouse(client)
    _, cursor = read_all(warehouse, "movement")
    device, lot = stocked(boss, "DC-N")[0][:2]
    move = {
        "product": device, "lot": lot, "quantity": 3.0, "unit": unit_of(boss, device), "from_location": place(boss, "COUNT"),
        "to_location": place(boss, "DC-N-A01"), "company": boss.context()["company"],
    }  # fmt: skip
    drafted, done = boss.do("model.stock.move.create", [move, move], boss.context())
    boss.do("model.stock.move.do", [done], boss.context())
    boss.do("model.stock.move.cancel", [drafted], boss.context())
    ours = {f"stock.move,{drafted}", f"stock.move,{done}", f"stock.move,{done};cancelled"}

    def told() -> set[str]:
        return ours & {record.source_key for record in read_all(warehouse, "movement", cursor)[0]}

    assert told() == {f"stock.move,{done}"}
    boss.do("model.stock.move.cancel", [done], boss.context())
    assert told() == {f"stock.move,{done}", f"stock.move,{done};cancelled"}


def test_what_customers_wait_for_is_open_demand_and_what_is_assigned_is_set_aside_for_it(client: TrytonClient) -> None:
    warehouse = TrytonWarehouse(client)
    read = read_all(warehouse, "demand_line")[0]
    lines = {record.source_key: record.row for record in read if record.row["state"] == "open"}
    assert Counter(
        (row["order_kind"], row["site_code"], row["customer_location"], row["state"]) for row in lines.values()
    ) == {("customer", "DC-N", "CUS", "open"): 64}
    set_aside: Counter[str] = Counter()
    for record in read_all(warehouse, "allocation")[0]:
        row = record.row
        assert row["location_code"].startswith(("DC-N-A", "DC-S-A"))
        if row["demand_line_key"]:
            assert row["item_code"] == lines[row["demand_line_key"]]["item_code"]
            set_aside[row["demand_line_key"]] += row["quantity"]
        else:
            assert row["lot_number"]
    waiting = {key: row for key, row in lines.items() if not set_aside[key]}
    assert {row["quantity"] for row in waiting.values()} == {3}, "the weekly orders that are still to be picked"
    [short] = [key for key, row in lines.items() if 0 < set_aside[key] < row["quantity"]]
    assert lines[short]["quantity"] - set_aside[short] == 40
    assert max(row["need_by"] for row in lines.values()) > lines[short]["need_by"]


def test_what_is_in_transit_by_the_papers_is_what_is_there_by_the_movements(
    client: TrytonClient, movements: list[Record]
) -> None:
    on_the_road: Counter[tuple[str, str | None]] = Counter()
    for record in read_all(TrytonWarehouse(client), "delivery_line")[0]:
        row = record.row
        if row["from_site"] is None:
            continue  # a supplier's: it passes through no place of ours
        if row["state"] == "shipped":
            assert row["expected_at"] > row["shipped_at"]
            on_the_road[row["item_code"], row["lot_number"]] += row["quantity"] - row["received_quantity"]
        elif row["state"] == "delivered" and row["from_site"] != row["to_location"]:
            assert row["received_quantity"] == row["quantity"]
    there: Counter[tuple[str, str | None]] = Counter()
    for record in movements:
        row = record.row
        for end, sign in (("to_location", 1), ("from_location", -1)):
            if row[end] == "TRANSIT":
                there[row["item_code"], row["lot_number"]] += sign * row["quantity"]
    assert +on_the_road == +there
    assert len(+there) >= 4


def stocked(boss: TrytonClient, site: str) -> list[tuple[int, int, int]]:
    """(product, lot, bin) of lots of which at least ten are in a distribution centre's bins."""
    bins = boss.search_read("stock.location", [["code", "like", f"{site}-A%"]], ["id"])
    context = boss.context() | {"locations": [bins[0]["id"]], "with_childs": False}
    where = [["quantity", ">=", 10.0], ["product.code", "!=", None]]
    lots = boss.ask("model.stock.lot.search_read", where, 0, 5, None, ["product"], context)
    assert lots
    return [(lot["product"], lot["id"], bins[0]["id"]) for lot in lots]


def place(boss: TrytonClient, code: str) -> int:
    [found] = boss.search_read("stock.location", [["code", "=", code]], ["id"])
    return int(found["id"])


def unit_of(boss: TrytonClient, product: int) -> int:
    return int(boss.read("product.product", [product], ["default_uom"])[0]["default_uom"])


def transfer(boss: TrytonClient) -> tuple[int, int]:
    """(shipment, lot): a waiting transfer of four units of a lot from the north's centre to a hospital."""
    device, lot, _ = stocked(boss, "DC-N")[-1]
    ends = {"from_location": place(boss, "DC-N-STO"), "to_location": place(boss, "H-N2-STO")}
    company = boss.context()["company"]
    move = ends | {"product": device, "lot": lot, "quantity": 4.0, "unit": unit_of(boss, device), "company": company}
    day = date(2031, 3, 3)
    values = ends | {"company": company, "planned_date": day, "planned_start_date": day, "moves": [["create", [move]]]}
    [shipment] = boss.do("model.stock.shipment.internal.create", [values], boss.context())
    boss.do("model.stock.shipment.internal.wait", [shipment], boss.context())
    return shipment, lot


def of(shipment: str, records: list[Record]) -> list[Record]:
    """The records of one shipment: others are read again in the overlap."""
    return [record for record in records if shipment in {record.raw.get("withdrawn_from"), paper(record)}]


def paper(record: Record) -> str | None:
    shipment = record.raw.get("shipment")
    return f"{shipment['model']},{shipment['id']}" if shipment else None


def insist(boss: TrytonClient, method: str, ids: list[int]) -> None:
    """Do it although Tryton warns that no sale stands behind it."""
    try:
        boss.do(method, ids, boss.context())
    except SourceError as warning:
        named = re.search(r"refuses: (\S+\.done) .* no origin", str(warning))
        if named is None:
            raise
        [user] = boss.search_read("res.user", [["login", "=", "admin"]], ["id"])
        boss.do("model.res.user.warning.create", [{"user": user["id"], "name": named[1]}], boss.context())
        boss.do(method, ids, boss.context())


def test_a_transfer_is_followed_until_it_has_arrived(client: TrytonClient, boss: TrytonClient) -> None:
    warehouse = TrytonWarehouse(client)
    cursors = {entity: read_all(warehouse, entity)[1] for entity in ("allocation", "delivery_line")}
    shipment, _ = transfer(boss)

    def then(button: str | None, entity: str) -> list[dict[str, Any]]:
        if button:
            boss.do(f"model.stock.shipment.internal.{button}", [shipment], boss.context())
        records, cursors[entity] = read_all(warehouse, entity, cursors[entity])
        return [dict(record.row) for record in of(f"stock.shipment.internal,{shipment}", records)]

    [planned] = then(None, "delivery_line")
    assert (planned["state"], planned["from_site"], planned["to_location"]) == ("planned", "DC-N", "H-N2-STO")
    assert (planned["quantity"], planned["received_quantity"], planned["shipped_at"]) == (4, 0, None)
    [assigned] = then("assign_try", "allocation")
    assert (assigned["quantity"], assigned["closed_at"], assigned["demand_line_key"]) == (4, None, None)
    [put_back] = then("wait", "allocation")
    assert put_back["closed_at"] >= assigned["allocated_at"] == put_back["allocated_at"]
    assert len(then("assign_try", "allocation")) == 1
    assert then(None, "delivery_line") == []  # setting stock aside changes nothing about the delivery
    boss.do("model.stock.shipment.internal.pack", [shipment], boss.context())
    [shipped] = then("ship", "delivery_line")
    assert (shipped["state"], shipped["received_quantity"], shipped["delivered_at"]) == ("shipped", 0, None)
    assert [row["closed_at"] is not None for row in then(None, "allocation")] == [True]
    [delivered] = then("do", "delivery_line")
    assert (delivered["state"], delivered["received_quantity"]) == ("delivered", 4)
    assert delivered["delivered_at"] >= delivered["shipped_at"] == shipped["shipped_at"]
    assert then(None, "allocation") == []


def test_a_line_that_is_deleted_with_its_document_is_told_as_withdrawn(
    client: TrytonClient, boss: TrytonClient
) -> None:
    warehouse = TrytonWarehouse(client)
    _, cursor = read_all(warehouse, "delivery_line")
    shipment, _ = transfer(boss)
    ours = f"stock.shipment.internal,{shipment}"
    records, cursor = read_all(warehouse, "delivery_line", cursor)
    [planned] = of(ours, records)
    boss.do("model.stock.shipment.internal.cancel", [shipment], boss.context())
    boss.do("model.stock.shipment.internal.delete", [shipment], boss.context())
    records, cursor = read_all(warehouse, "delivery_line", cursor)
    [gone] = of(ours, records)
    assert gone.source_key == planned.source_key
    assert gone.row["state"] == "cancelled"
    assert gone.row["expected_at"] == planned.row["expected_at"]
    assert of(ours, read_all(warehouse, "delivery_line", cursor)[0]) == []


def test_a_customer_is_served_lot_by_lot_and_stays_one_line(client: TrytonClient, boss: TrytonClient) -> None:
    warehouse = TrytonWarehouse(client)
    cursors = {entity: read_all(warehouse, entity)[1] for entity in ("demand_line", "allocation", "delivery_line")}
    device, lot, shelf = stocked(boss, "DC-N")[-1]
    [party] = boss.search_read("party.party", [["code", "=", "CLI-01"]], ["addresses"])
    company, unit = boss.context()["company"], unit_of(boss, device)
    [currency] = boss.search_read("currency.currency", [["code", "=", "EUR"]], ["id"])
    move = {
        "product": device, "quantity": 5.0, "unit": unit, "from_location": place(boss, "DC-N-OUT"), "company": company,
        "to_location": place(boss, "CUS"), "unit_price": Decimal("2.0000"), "currency": currency["id"],
    }  # fmt: skip
    values = {
        "company": company, "customer": party["id"], "delivery_address": party["addresses"][0],
        "warehouse": place(boss, "DC-N"), "warehouse_storage": place(boss, "DC-N-STO"),
        "warehouse_output": place(boss, "DC-N-OUT"), "planned_date": date(2031, 4, 4), "outgoing_moves": [["create", [move]]],
    }  # fmt: skip
    [shipment] = boss.do("model.stock.shipment.out.create", [values], boss.context())

    def then(button: str | None, entity: str) -> list[Record]:
        if button:
            insist(boss, f"model.stock.shipment.out.{button}", [shipment])
        records, cursors[entity] = read_all(warehouse, entity, cursors[entity])
        return of(f"stock.shipment.out,{shipment}", records)

    [line] = then(None, "demand_line")
    assert (line.row["state"], line.row["quantity"], line.row["need_by"]) == ("draft", 5, date(2031, 4, 4))
    [line] = then("wait", "demand_line")
    assert line.row["state"] == "open"
    [planned] = then(None, "delivery_line")
    assert planned.row["lot_number"] is None
    [pick] = boss.search_read("stock.move", [["shipment", "=", f"stock.shipment.out,{shipment}"], ["state", "=", "draft"],
                                             ["to_location.code", "=", "DC-N-OUT"]], ["id"])  # fmt: skip
    boss.do("model.stock.move.write", [pick["id"]], {"lot": lot, "from_location": shelf}, boss.context())
    [assigned] = then("assign_try", "allocation")
    assert assigned.row["demand_line_key"] == line.source_key
    picked = then("pick", "allocation")  # out of the bin, into goods out, where it is still set aside
    assert sorted((record.row["location_code"][:6], record.row["closed_at"] is None) for record in picked) == [
        ("DC-N-A", False),
        ("DC-N-O", True),
    ]
    insist(boss, "model.stock.shipment.out.pack", [shipment])
    sent = {record.row["state"]: record for record in then("do", "delivery_line")}
    assert set(sent) == {"cancelled", "delivered"}  # of no lot, as planned; and of the lot that was picked
    assert sent["cancelled"].source_key == planned.source_key
    assert (sent["delivered"].row["quantity"], sent["delivered"].row["demand_line_key"]) == (5, line.source_key)
    assert sent["delivered"].row["lot_number"] == boss.read("stock.lot", [lot], ["number"])[0]["number"]
    [served] = then(None, "demand_line")
    assert (served.source_key, served.row["state"], served.row["quantity"]) == (line.source_key, "done", 5)
    assert [record.row["closed_at"] is not None for record in then(None, "allocation")] == [True]


def test_an_inspection_is_where_the_goods_came_to(client: TrytonClient) -> None:
    rows = [record.row for record in read_all(TrytonQuality(client), "inspection")[0]]
    assert {row["location_code"] for row in rows if row["state"] == "passed"} <= {"DC-N", "DC-S"}
    assert Counter(row["location_code"] is None for row in rows)[True] == 2  # the two that are planted name no shipment


def bought(boss: TrytonClient, quantity: float) -> tuple[int, int]:
    """(line, its waiting move) of a purchase of a device that is placed with a supplier."""
    [offer] = boss.search_read(
        "purchase.product_supplier", [["product.code", "=", "MD-0002"]], ["product", "party"], limit=1
    )
    [party] = boss.read("party.party", [offer["party"]], ["addresses"])
    [currency] = boss.search_read("currency.currency", [["code", "=", "EUR"]], ["id"])
    line = {
        "product": offer["product"], "quantity": quantity, "unit": unit_of(boss, offer["product"]),
        "unit_price": Decimal("2.0000"), "delivery_date_edit": True, "delivery_date_store": date(2031, 5, 5),
    }  # fmt: skip
    values = {
        "company": boss.context()["company"], "party": offer["party"], "invoice_party": None,
        "invoice_address": party["addresses"][0], "warehouse": place(boss, "DC-N"), "currency": currency["id"],
        "invoice_method": "manual", "purchase_date": date(2026, 1, 5), "lines": [["create", [line]]],
    }  # fmt: skip
    purchases = boss.do("model.purchase.purchase.create", [values], boss.context())
    for step in ("quote", "confirm", "process"):
        boss.do(f"model.purchase.purchase.{step}", purchases, boss.context())
    [made] = boss.search_read("purchase.line", [["purchase", "in", purchases]], ["moves"])
    return made["id"], made["moves"][0]


def arrival(boss: TrytonClient, move: int) -> int:
    """A supplier's shipment, announced, of what a purchase waits for."""
    [waiting] = boss.read("stock.move", [move], ["product"])
    [offer] = boss.search_read("purchase.product_supplier", [["product", "=", waiting["product"]]], ["party"], limit=1)
    values = {
        "company": boss.context()["company"], "supplier": offer["party"], "reference": "ASN-9",
        "warehouse": place(boss, "DC-N"), "warehouse_input": place(boss, "DC-N-IN"),
        "warehouse_storage": place(boss, "DC-N-STO"), "planned_date": date(2031, 5, 6), "incoming_moves": [["add", [move]]],
    }  # fmt: skip
    [shipment] = boss.do("model.stock.shipment.in.create", [values], boss.context())
    return int(shipment)


def test_what_a_supplier_has_announced_is_followed_until_it_is_received_for_its_order_line(
    client: TrytonClient, boss: TrytonClient
) -> None:
    warehouse = TrytonWarehouse(client)
    _, cursor = read_all(warehouse, "delivery_line")
    _, moved = read_all(warehouse, "movement")
    line, move = bought(boss, 6.0)
    shipment = arrival(boss, move)

    def then(*buttons: str) -> list[dict[str, Any]]:
        nonlocal cursor
        for button in buttons:
            boss.do(f"model.stock.shipment.in.{button}", [shipment], boss.context())
        records, cursor = read_all(warehouse, "delivery_line", cursor)
        return [dict(record.row) for record in of(f"stock.shipment.in,{shipment}", records)]

    [announced] = then()
    assert (announced["state"], announced["from_site"], announced["to_location"]) == ("shipped", None, "DC-N")
    assert (announced["order_line_key"], announced["quantity"]) == (f"purchase.line,{line}", 6)
    assert (announced["received_quantity"], announced["lot_number"]) == (0, None)
    [arrived] = boss.read("stock.move", [move], ["product"])
    [lot] = boss.do(
        "model.stock.lot.create", [{"number": f"L{uuid4()}", "product": arrived["product"]}], boss.context()
    )
    boss.do("model.stock.move.write", [move], {"lot": lot}, boss.context())
    by_state = {row["state"]: row for row in then("receive")}
    assert set(by_state) == {"cancelled", "delivered"}  # of no lot, as announced; and of the lot that came
    came = by_state["delivered"]
    assert (came["order_line_key"], came["received_quantity"]) == (announced["order_line_key"], 6)
    assert came["shipped_at"] <= came["delivered_at"]
    assert then("do") == [came]  # it is put away, and nothing about the delivery is new
    receipts = [record.row for record in read_all(warehouse, "movement", moved)[0]]
    assert [row["quantity"] for row in receipts if row["order_line_key"] == announced["order_line_key"]] == [6]


def test_an_announcement_that_is_taken_back_is_told_as_cancelled(client: TrytonClient, boss: TrytonClient) -> None:
    warehouse = TrytonWarehouse(client)
    _, cursor = read_all(warehouse, "delivery_line")
    shipment = arrival(boss, bought(boss, 3.0)[1])
    [announced] = of(f"stock.shipment.in,{shipment}", read_all(warehouse, "delivery_line", cursor)[0])
    assert announced.row["state"] == "shipped"
    boss.do("model.stock.shipment.in.cancel", [shipment], boss.context())
    [called_off] = of(f"stock.shipment.in,{shipment}", read_all(warehouse, "delivery_line", cursor)[0])
    assert (called_off.source_key, called_off.row["state"]) == (announced.source_key, "cancelled")


def test_moves_outside_of_shipments_are_stock_only_when_they_are_done(client: TrytonClient, boss: TrytonClient) -> None:
    """By hand and by an inventory; what is a draft or assigned is nothing that happened."""
    warehouse = TrytonWarehouse(client)
    _, cursor = read_all(warehouse, "movement")
    device, lot, shelf = stocked(boss, "DC-N")[0]
    move = {
        "product": device, "lot": lot, "quantity": 1.0, "unit": unit_of(boss, device), "to_location": shelf,
        "from_location": place(boss, "COUNT"), "company": boss.context()["company"],
    }  # fmt: skip
    draft, done = boss.do("model.stock.move.create", [move] * 2, boss.context())
    boss.do("model.stock.move.do", [done], boss.context())
    shipment, _ = transfer(boss)
    boss.do("model.stock.shipment.internal.assign_try", [shipment], boss.context())
    paper = [["shipment", "=", f"stock.shipment.internal,{shipment}"]]
    waiting = boss.search_read("stock.move", paper, ["state"])
    assert {record["state"] for record in waiting} == {"assigned", "draft"}

    def told() -> set[str]:
        ours = {f"stock.move,{identity}" for identity in (draft, done, *(record["id"] for record in waiting))}
        return ours & {record.source_key for record in read_all(warehouse, "movement", cursor)[0]}

    assert told() == {f"stock.move,{done}"}
    boss.do("model.stock.move.do", [draft], boss.context())
    assert told() == {f"stock.move,{draft}", f"stock.move,{done}"}
    before = {record.source_key for record in read_all(warehouse, "movement", cursor)[0]}
    count = {"product": device, "lot": lot, "quantity": 500.0}
    values = {
        "company": boss.context()["company"],
        "location": shelf,
        "date": client.server_time().date(),
        "lines": [["create", [count]]],
    }
    inventory = boss.do("model.stock.inventory.create", [values], boss.context())
    assert {record.source_key for record in read_all(warehouse, "movement", cursor)[0]} == before
    boss.do("model.stock.inventory.confirm", inventory, boss.context())
    [found] = [record for record in read_all(warehouse, "movement", cursor)[0] if record.source_key not in before]
    assert (found.row["from_location"], found.row["order_line_key"]) == ("COUNT", None)


def test_what_tryton_says_is_where_is_what_its_moves_add_up_to(client: TrytonClient) -> None:
    there: Counter[tuple[str, str, str | None, str | None]] = Counter()
    for record in read_all(TrytonWarehouse(client), "movement")[0]:
        row = record.row
        for end, sign in (("to_location", 1), ("from_location", -1)):
            if not record.problems and row["occurred_at"] <= datetime.now(UTC):
                there[row[end], row["item_code"], row["lot_number"], row["serial_number"]] += sign * row["quantity"]
    warehouse = TrytonWarehouse(client, stock_levels=True)
    sites = {record.row["code"] for record in read_all(warehouse, "location")[0] if record.row["kind"] == "site"}
    records, cursor = read_all(warehouse, "stock_level")
    keys = [record.source_key for record in records]
    assert len(keys) == len(set(keys)) > 1000
    assert len({record.row["stated_at"] for record in records if not record.problems}) == 1
    odd = {record.row["item_code"] for record in records if record.problems}  # a roll that is cut in half
    stated = {
        (row["location_code"], row["item_code"], row["lot_number"], row["serial_number"]): row["quantity"]
        for row in (record.row for record in records)
        if row["item_code"] not in odd
    }
    stores = {code for code, *_ in stated}
    expected = {
        thing: quantity
        for thing, quantity in there.items()
        if quantity and thing[0] in stores and thing[1] not in odd and thing[1] is not None
    }
    assert {thing: quantity for thing, quantity in stated.items() if thing[1] is not None} == expected
    assert list(warehouse.changed("stock_level", cursor)) == []  # it is not said again at once
    by_site = [record.row for record in read_all(TrytonProcurement(client, stock_levels=True), "stock_level")[0]]
    assert {row["location_code"] for row in by_site} <= sites
    assert {row["lot_number"] for row in by_site} == {None}


def test_stock_is_stated_only_where_that_is_asked_for(client: TrytonClient) -> None:
    assert "stock_level" not in TrytonWarehouse(client).entities
    assert TrytonWarehouse(client, stock_levels=True).entities[-1] == "stock_level"


def test_an_alert_is_followed_until_it_is_resolved(client: TrytonClient, boss: TrytonClient) -> None:
    quality = TrytonQuality(client)
    [seeded] = [record.row for record in read_all(quality, "quality_alert")[0]]
    assert (seeded["item_code"], seeded["state"], seeded["location_code"]) == ("MD-0086", "open", "DC-S")
    assert seeded["lot_number"].endswith("Q21")
    _, cursor = read_all(quality, "quality_alert")
    [inspection] = boss.search_read("quality.inspection", [["state", "=", "passed"]], ["reference"], limit=1)
    values = {
        "company": boss.context()["company"],
        "origin": f"quality.inspection,{inspection['id']}",
        "title": "Odd smell",
    }
    [alert] = boss.do("model.quality.alert.create", [values], boss.context())

    def now() -> dict[str, Any]:
        [found] = [r for r in read_all(quality, "quality_alert", cursor)[0] if r.source_key == f"quality.alert,{alert}"]
        return dict(found.row)

    assert (now()["state"], now()["lot_number"], now()["closed_at"]) == ("open", inspection["reference"], None)
    boss.do("model.quality.alert.process", [alert], boss.context())
    boss.do("model.quality.alert.resolve", [alert], boss.context())
    assert (now()["state"], now()["closed_at"] >= now()["opened_at"]) == ("resolved", True)
    boss.do("model.quality.alert.delete", [alert], boss.context())
    assert f"quality.alert,{alert}" not in present(quality, "quality_alert")


def present(connector: TrytonConnector, entity: str) -> set[str]:
    return {key for page in connector.present(entity, datetime.now(UTC)) for key in page}


@pytest.mark.parametrize(
    ("kind", "entity"),
    [(kind, entity) for kind, entity in ENTITIES if entity in kind.vanishing and entity != "movement"],
)
def test_all_that_is_read_is_there(client: TrytonClient, kind: type[TrytonConnector], entity: str) -> None:
    """Whatever is remembered must be among what is present, or a reconciliation would withdraw it."""
    read = {record.source_key for record in read_all(kind(client), entity)[0]}
    assert read <= present(kind(client, page_size=50), entity)


def test_the_movements_that_are_remembered_are_there(client: TrytonClient, movements: list[Record]) -> None:
    warehouse = TrytonWarehouse(client)
    client.server_time()
    remembered = {record.source_key for record in movements if warehouse.remembers("movement", record)}
    assert 0 < len(remembered) < len(movements) / 2
    assert remembered <= present(warehouse, "movement")
    assert not [key for key in remembered if ";" in key]


def test_an_order_point_and_an_article_number_are_read_and_missed_when_they_are_deleted(
    client: TrytonClient, boss: TrytonClient
) -> None:
    warehouse = TrytonWarehouse(client)
    points = {record.row["item_code"]: record for record in read_all(warehouse, "order_point")[0]}
    kept = points["MD-0001"]
    assert (kept.row["site_code"], kept.row["kind"]) == ("DC-N", "purchase")
    assert (kept.row["minimum"], kept.row["target"], kept.row["maximum"]) == (100, 400, None)
    codes = {record.row["code"]: record.row for record in read_all(warehouse, "identifier")[0]}
    assert codes["04099999000005"]["agency"] == "GS1"
    [device] = boss.search_read("product.product", [["code", "=", "MD-0150"]], ["default_uom"])
    point = {
        "company": boss.context()["company"], "product": device["id"], "location": place(boss, "DC-S"), "type": "purchase",
        "min_quantity": 1.0, "target_quantity": 2.0,
    }  # fmt: skip
    [made] = boss.do("model.stock.order_point.create", [point], boss.context())
    [named] = boss.do("model.product.identifier.create", [{"product": device["id"], "code": "X-1"}], boss.context())
    assert f"stock.order_point,{made}" in present(warehouse, "order_point")
    boss.do("model.stock.order_point.delete", [made], boss.context())
    boss.do("model.product.identifier.delete", [named], boss.context())
    assert f"stock.order_point,{made}" not in present(warehouse, "order_point")
    assert f"product.identifier,{named}" not in present(warehouse, "identifier")


def test_a_device_that_is_bought_in_boxes_tells_how_many_are_in_one(client: TrytonClient) -> None:
    units = {record.row["item_code"]: record.row for record in read_all(TrytonWarehouse(client), "item_unit")[0]}
    assert (units["MD-0001"]["unit"], units["MD-0001"]["factor"]) == ("Box of 10", 10)


def test_an_agreement_that_ends_in_tryton_is_told_as_ended(client: TrytonClient, boss: TrytonClient) -> None:
    procurement = TrytonProcurement(client)
    read, cursor = read_all(procurement, "agreement")
    assert read
    assert all(record.row["active"] for record in read)
    assert all(len(record.row["price_breaks"] or []) == len(record.raw["prices"]) for record in read)
    [offer] = boss.search_read("purchase.product_supplier", [["product.code", "=", "MD-0150"]], ["id"], limit=1)
    boss.do("model.purchase.product_supplier.write", [offer["id"]], {"active": False}, boss.context())
    again = {record.source_key: record.row for record in read_all(procurement, "agreement", cursor)[0]}
    assert again[f"purchase.product_supplier,{offer['id']}"]["active"] is False
    assert f"purchase.product_supplier,{offer['id']}" in present(procurement, "agreement")


def test_a_tryton_without_some_modules_is_read_without_what_they_bring(
    client: TrytonClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = client.modules()
    monkeypatch.setattr(client, "_modules", modules - {"stock_lot_sled", "stock_supply", "stock_consignment"})
    monkeypatch.setattr(client, "lacking", client.lacking)
    warehouse = TrytonWarehouse(client)
    lots = read_all(warehouse, "lot")[0]
    assert len(lots) > 1000
    assert {record.row["usable_through"] for record in lots} == {None}
    assert read_all(warehouse, "order_point")[0] == []
    assert present(warehouse, "order_point") == set()
    assert {record.row["owner"] for record in read_all(warehouse, "location")[0]} == {"own", "loaned"}
    monkeypatch.setattr(client, "_modules", modules - {"quality"})
    with pytest.raises(SourceError, match="module quality is not activated") as caught:
        list(TrytonQuality(client).changed("inspection", None))
    assert not caught.value.retry


def test_what_tryton_does_not_have_or_does_not_show_is_named_with_the_right_that_is_missing(
    client: TrytonClient,
) -> None:
    with pytest.raises(SourceError, match=r"no model hospital\.bed: the module that brings it is not activated"):
        client.search_read("hospital.bed", [], ["id"])
    with pytest.raises(SourceError, match=r"no colour of stock\.lot"):
        client.search_read("stock.lot", [], ["colour"])
    with pytest.raises(SourceError, match=r"denies access of user lotwatch to account.move \(read\)"):
        client.search_read("account.move", [], ["id"])
    with pytest.raises(SourceError, match=r"to stock.move \(write\)"):
        client.do("model.stock.move.write", [1], {"planned_date": None}, client.context())


def test_a_server_whose_clock_was_put_back_is_read_from_the_beginning(client: TrytonClient) -> None:
    quality = TrytonQuality(client)
    every, cursor = read_all(quality, "inspection")
    ahead = datetime.fromisoformat(cursor["since"]) + timedelta(hours=3)
    again, after = read_all(quality, "inspection", {"since": ahead.isoformat()})
    assert {record.source_key for record in again} == {record.source_key for record in every}
    assert datetime.fromisoformat(after["since"]) < ahead
    papers, cursor = read_all(TrytonWarehouse(client), "delivery_line")
    again, _ = read_all(TrytonWarehouse(client), "delivery_line", {"since": ahead.isoformat()})
    assert len(again) == len(papers)

"""Warehouse tasks written into a real Tryton: what it then says of its stock, and each reference once."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal
from uuid import uuid4

import pytest

from lotwatch import actions
from lotwatch.actions import warehouse
from lotwatch.actions.picking import load_picking, propose_picks
from lotwatch.actions.warehouse import load_warehouses
from lotwatch.delivery import Gateways, WarehouseGateway, drain
from lotwatch.delivery.people import People
from lotwatch.delivery.portals import Portals
from lotwatch.errors import SourceError
from lotwatch.recall.cases import open_by_quality
from lotwatch.recall.matching import Subject
from lotwatch.sources.jsonrpc import TrytonClient, UnclearAnswerError
from lotwatch.sources.tryton import TrytonWms, connect
from lotwatch.sources.tryton.mapping import key
from tests.integration.company import NOW, Company


@dataclass(frozen=True)
class Line:
    item_code: str
    lot_number: str | None
    location_code: str
    quantity: int
    serial_number: str | None = None


@dataclass(frozen=True)
class Task:
    kind: Literal["hold", "release", "transfer", "pick", "priority", "call_back"]
    from_location: str
    to_location: str | None
    lines: tuple[Line, ...]
    reference: str = ""
    demand_order_key: str | None = None
    calls_back: str | None = None
    wanted_on: date | None = None


@pytest.fixture(scope="module")
def client(tryton: Any) -> TrytonClient:
    return connect(tryton.url, tryton.database, tryton.user, tryton.password)


@pytest.fixture(scope="module")
def boss(tryton: Any, outside: Any) -> TrytonClient:
    """A session of the administrator, who does what warehouse people do."""
    return connect(tryton.url, tryton.database, "admin", outside.secrets["tryton_admin"])


@pytest.fixture(scope="module")
def shelved(client: TrytonClient) -> list[Line]:
    """Lots on shelves of DC-N: each with ten or more of an item without serials, by Tryton's own account."""
    places = client.search_read("stock.location", [["code", "like", "DC-N-A%"]], ["code"])
    codes = {place["id"]: place["code"] for place in places}
    into = client.search_read(
        "stock.move", [["to_location", "in", list(codes)], ["state", "=", "done"], ["lot", "!=", None]],
        ["lot", "lot.number", "product.code", "to_location", "product.attributes"],
    )  # fmt: skip
    found: dict[tuple[int, int], Line] = {}
    for move in into:
        attributes = move["product."]["attributes"] or {}
        pair = (move["lot"], move["to_location"])
        if pair not in found and not attributes.get("label_serial"):
            quantity = in_stock(client, move["lot"], move["to_location"])
            if quantity >= 10:
                found[pair] = Line(
                    move["product."]["code"], move["lot."]["number"], codes[move["to_location"]], int(quantity)
                )
        if len(found) >= 6:
            break
    assert len(found) >= 4
    return list(found.values())


def in_stock(client: TrytonClient, lot: int, place: int) -> float:
    """What Tryton says is there of a lot."""
    context = client.context() | {"locations": [place], "with_childs": False}
    (record,) = client.ask("model.stock.lot.read", [lot], ["quantity"], context)
    return float(record["quantity"] or 0)


def stock(client: TrytonClient, line: Line, place: str) -> float:
    (location,) = client.search_read("stock.location", [["code", "=", place]], ["code"])
    (lot,) = client.search_read(
        "stock.lot", [["number", "=", line.lot_number], ["product.code", "=", line.item_code]], ["number"]
    )
    return in_stock(client, lot["id"], location["id"])


def asked(kind: Any, origin: str, to: str | None, *lines: Line, **values: Any) -> Task:
    return Task(kind, origin, to, lines, f"LW-WT-{uuid4()}", **values)


def test_a_hold_moves_the_lot_to_the_blocked_place_and_its_release_brings_it_back(
    client: TrytonClient, shelved: list[Line]
) -> None:
    line = shelved[0]
    before = stock(client, line, line.location_code)
    hold = asked("hold", line.location_code, "DC-N-BLOCKED", replace(line, quantity=4))
    told = TrytonWms(client).carry_out(hold)
    assert (told.state, told.done) == ("done", True)
    assert stock(client, line, line.location_code) == before - 4
    assert stock(client, line, "DC-N-BLOCKED") == 4
    again = TrytonWms(client).carry_out(hold)
    assert (again.number, TrytonWms(client).look_up(hold)) == (told.number, told)
    assert stock(client, line, "DC-N-BLOCKED") == 4
    back = asked("release", "DC-N-BLOCKED", line.location_code, replace(line, quantity=4, location_code="DC-N-BLOCKED"))
    assert TrytonWms(client).carry_out(back).done
    assert stock(client, line, line.location_code) == before


def test_what_tryton_has_not_got_is_begun_and_not_said_to_be_done(client: TrytonClient, shelved: list[Line]) -> None:
    line = shelved[1]
    hold = asked("hold", line.location_code, "DC-N-BLOCKED", replace(line, quantity=line.quantity + 1000))
    told = TrytonWms(client).carry_out(hold)
    assert not told.done
    assert told.number


def test_a_transfer_waits_for_its_warehouse_and_is_done_once_that_has_begun(
    client: TrytonClient, boss: TrytonClient, shelved: list[Line]
) -> None:
    line = shelved[2]
    transfer = asked("transfer", "DC-N", "H-N1", replace(line, quantity=2), wanted_on=date(2030, 1, 7))
    wms = TrytonWms(client)
    told = wms.carry_out(transfer)
    assert (told.state, told.done) == ("waiting", False)
    assert wms.carry_out(transfer) == told
    (shipment,) = boss.search_read("stock.shipment.internal", [["reference", "=", transfer.reference]], ["state"])
    boss.do("model.stock.shipment.internal.assign_try", [shipment["id"]], boss.context())
    begun = wms.look_up(transfer)
    assert begun is not None
    assert (begun.state, begun.done) == ("assigned", True)


def test_a_task_that_was_never_written_is_not_known(client: TrytonClient, shelved: list[Line]) -> None:
    assert TrytonWms(client).look_up(asked("hold", "DC-N-A01", "DC-N-BLOCKED", shelved[0])) is None


def test_what_somebody_cancelled_there_is_told_and_not_made_again(
    client: TrytonClient, boss: TrytonClient, shelved: list[Line]
) -> None:
    transfer = asked("transfer", "DC-N", "H-N1", replace(shelved[2], quantity=1))
    TrytonWms(client).carry_out(transfer)
    (shipment,) = boss.search_read("stock.shipment.internal", [["reference", "=", transfer.reference]], ["state"])
    boss.do("model.stock.shipment.internal.cancel", [shipment["id"]], boss.context())
    with pytest.raises(SourceError, match="cancelled it in Tryton"):
        TrytonWms(client).carry_out(transfer)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"item_code": "MD-NONE"}, "MD-NONE"),
        ({"lot_number": "NO-SUCH-LOT"}, "no lot NO-SUCH-LOT"),
    ],
)
def test_a_code_that_tryton_does_not_know_is_told(
    client: TrytonClient, shelved: list[Line], change: dict[str, str], complaint: str
) -> None:
    line: Line = replace(shelved[0], **change)  # type: ignore[arg-type]
    with pytest.raises(SourceError, match=complaint) as told:
        TrytonWms(client).carry_out(asked("hold", line.location_code, "DC-N-BLOCKED", line))
    assert not told.value.retry


def test_an_unclear_answer_to_the_creation_makes_it_once(
    client: TrytonClient, shelved: list[Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = client.do

    def silent(method: str, *params: Any) -> Any:
        monkeypatch.setattr(client, "do", real)
        real(method, *params)
        raise UnclearAnswerError("no answer", retry=True)

    monkeypatch.setattr(client, "do", silent)
    transfer = asked("transfer", "DC-N", "H-N1", replace(shelved[2], quantity=1))
    assert TrytonWms(client).carry_out(transfer).number
    found = client.search_read("stock.shipment.internal", [["reference", "=", transfer.reference]], ["number"])
    assert len(found) == 1


@pytest.fixture
def order(boss: TrytonClient, shelved: list[Line]) -> tuple[dict[str, Any], Line]:
    """A customer's order for eight of an item, which its warehouse has not picked yet."""
    return ordered(boss, shelved[3]), shelved[3]


def ordered(boss: TrytonClient, line: Line, quantity: float = 8.0) -> dict[str, Any]:
    (warehouse,) = boss.search_read("stock.location", [["code", "=", "DC-N"]], ["output_location", "storage_location"])
    (customer,) = boss.search_read("stock.location", [["type", "=", "customer"]], ["code"], limit=1)
    party = boss.search_read("party.party", [["addresses", "!=", None]], ["addresses"], limit=1)[0]
    (product,) = boss.search_read("product.product", [["code", "=", line.item_code]], ["default_uom", "list_price"])
    company = boss.context()["company"]
    (currency,) = boss.search_read("currency.currency", [["code", "=", "EUR"]], ["code"])
    move = {
        "product": product["id"], "unit": product["default_uom"], "quantity": quantity,
        "from_location": warehouse["output_location"], "to_location": customer["id"], "company": company,
        "unit_price": product["list_price"] or 0, "currency": currency["id"],
    }  # fmt: skip
    values = {
        "customer": party["id"], "delivery_address": party["addresses"][0], "warehouse": warehouse["id"],
        "warehouse_output": warehouse["output_location"], "warehouse_storage": warehouse["storage_location"],
        "company": company, "outgoing_moves": [("create", [move])],
    }  # fmt: skip
    (identity,) = boss.do("model.stock.shipment.out.create", [values], boss.context())
    boss.do("model.stock.shipment.out.wait", [identity], boss.context())
    (shipment,) = boss.read("stock.shipment.out", [identity], ["number", "state"])
    assert shipment["state"] == "waiting"
    return shipment


def test_exactly_the_lots_that_are_asked_for_are_picked_for_an_order(
    client: TrytonClient, order: tuple[dict[str, Any], Line]
) -> None:
    shipment, line = order
    pick = asked(
        "pick", "DC-N", None, replace(line, quantity=5), demand_order_key=key("stock.shipment.out", shipment["id"])
    )
    wms = TrytonWms(client)
    assert wms.look_up(pick) is None
    told = wms.carry_out(pick)
    assert told.done
    assert wms.carry_out(pick) == told
    (after,) = client.read("stock.shipment.out", [shipment["id"]], ["inventory_moves"])
    moves = client.read(
        "stock.move", after["inventory_moves"], ["lot.number", "quantity", "state", "from_location.code"]
    )
    named = [
        (m["lot."]["number"], m["quantity"], m["from_location."]["code"])
        for m in moves
        if m["lot."] and m["state"] == "assigned"
    ]
    assert (line.lot_number, 5.0, line.location_code) in named
    assert sum(move["quantity"] for move in moves) == 8


def test_more_than_the_order_wants_is_not_picked(client: TrytonClient, order: tuple[dict[str, Any], Line]) -> None:
    shipment, line = order
    pick = asked(
        "pick", "DC-N", None, replace(line, quantity=9), demand_order_key=key("stock.shipment.out", shipment["id"])
    )
    with pytest.raises(SourceError, match="has not 9"):
        TrytonWms(client).carry_out(pick)


def test_a_wave_sets_the_same_lot_aside_for_each_of_its_orders(
    client: TrytonClient, boss: TrytonClient, shelved: list[Line], company: Company
) -> None:
    line = shelved[4]
    company.location("DC-N", kind="site")
    company.location(line.location_code, kind="bin", parent_code="DC-N")
    company.location("DC-N-BLOCKED", kind="bin", parent_code="DC-N", status="blocked")
    company.item(line.item_code)
    company.lot(line.lot_number or "", line.item_code)
    company.move(line.quantity, line.location_code, item=line.item_code, lot=line.lot_number)
    company.post()
    orders = {quantity: ordered(boss, line, quantity) for quantity in (3, 2)}
    for quantity, shipment in orders.items():
        company.add(
            "demand_line", order_key=key("stock.shipment.out", shipment["id"]), order_number=shipment["number"],
            order_kind="customer", site_code="DC-N", customer_location="PATIENT", ordered_at=NOW, priority="emergency",
            item_code=line.item_code, quantity=quantity, state="open",
        )  # fmt: skip
    company.post("wms")
    assert propose_picks(company.conn, load_picking(), company.context) == {"pick_waves": 1, "picks": 2}
    actions.ask(company.conn, company.context, 10, actions.load_policies())
    company.conn.commit()
    company.conn.autocommit = True
    warehouses = {"tryton": WarehouseGateway(load_warehouses()["tryton"], TrytonWms(client))}
    gateways = Gateways(None, Portals({}, None), {}, People({}), "http://board", warehouses=warehouses)  # type: ignore[arg-type]
    assert drain(company.conn, gateways, company.context).counts == {"warehouse_task.sent": 2}
    assert actions.load_proposal(company.conn, 1).state == "sent"
    for quantity, shipment in orders.items():
        (after,) = client.read("stock.shipment.out", [shipment["id"]], ["inventory_moves", "state"])
        moves = client.read("stock.move", after["inventory_moves"], ["lot.number", "quantity", "from_location.code"])
        assert after["state"] == "assigned"
        told = [(move["lot."]["number"], move["quantity"], move["from_location."]["code"]) for move in moves]
        assert told == [(line.lot_number, quantity, line.location_code)]
    # the lot is recalled: both orders give it up, and only then can the warehouse set all of it apart
    [(item_id, lot_id)] = company.conn.execute("SELECT item_id, lot_id FROM lotwatch.lot").fetchall()
    open_by_quality(company.conn, company.context, [Subject(item_id, lot_id)], title="Seals", by="quinn")
    settings = {name: each.settings for name, each in warehouses.items()}
    assert warehouse.request_holds(company.conn, company.context, settings) == 1
    assert drain(company.conn, gateways, company.context).counts["warehouse_task.sent"] == 3
    for shipment in orders.values():
        (after,) = client.read("stock.shipment.out", [shipment["id"]], ["inventory_moves", "state"])
        assert after["state"] == "waiting"
        assert {move["lot"] for move in client.read("stock.move", after["inventory_moves"], ["lot"])} == {None}
    states = "SELECT kind, state FROM lotwatch.warehouse_task ORDER BY warehouse_task_id"
    assert company.conn.execute(states).fetchall() == [
        ("pick", "cancelled"), ("pick", "cancelled"), ("call_back", "acknowledged"), ("call_back", "acknowledged"),
        ("hold", "acknowledged"),
    ]  # fmt: skip
    assert stock(client, line, line.location_code) == 0


def test_what_has_priority_is_planned_for_the_day_with_its_moves(
    client: TrytonClient, boss: TrytonClient, shelved: list[Line]
) -> None:
    wms, soon, later = TrytonWms(client), date(2030, 1, 2), date(2030, 1, 7)
    transfer = asked("transfer", "DC-N", "H-N1", replace(shelved[2], quantity=1), wanted_on=later)
    wms.carry_out(transfer)
    (internal,) = boss.search_read("stock.shipment.internal", [["reference", "=", transfer.reference]], ["number"])
    for model, identity in (
        ("stock.shipment.internal", internal["id"]),
        ("stock.shipment.out", ordered(boss, shelved[3])["id"]),
    ):
        first = asked("priority", "DC-N", None, demand_order_key=key(model, identity), wanted_on=soon)
        assert wms.look_up(first) is None
        assert wms.carry_out(first).done
        assert wms.look_up(first) == wms.carry_out(first)
        (after,) = client.read(model, [identity], ["planned_date", "moves"])
        moves = client.read("stock.move", after["moves"], ["planned_date", "lot.number"])
        assert {after["planned_date"], *(move["planned_date"] for move in moves)} == {soon}
        if model == "stock.shipment.internal":
            assert {move["lot."]["number"] for move in moves} == {shelved[2].lot_number}
        # called back: planned as before, with nothing set aside for it
        line = shelved[2] if model == "stock.shipment.internal" else replace(shelved[3], lot_number=None)
        back = asked("call_back", "DC-N", None, line, calls_back="LW-WT-1", demand_order_key=key(model, identity))
        back = replace(back, wanted_on=later)
        boss.do(f"model.{model}.assign_try", [identity], boss.context())
        assert wms.look_up(back) is None
        assert wms.carry_out(back) == wms.look_up(back)
        (after,) = client.read(model, [identity], ["planned_date", "state"])
        assert (after["planned_date"], after["state"]) == (later, "waiting")
        boss.do(f"model.{model}.cancel", [identity], boss.context())
        assert wms.carry_out(back).state == "cancelled"
        with pytest.raises(SourceError, match="cancelled in Tryton"):
            wms.look_up(first)


def test_what_is_called_back_is_set_aside_for_nobody_and_what_is_picked_already_is_told(
    client: TrytonClient, boss: TrytonClient, shelved: list[Line]
) -> None:
    wms, line = TrytonWms(client), replace(shelved[5 if len(shelved) > 5 else 2], quantity=2)
    orders = [key("stock.shipment.out", ordered(boss, line, 2.0)["id"]) for _ in range(2)]
    for order_key in orders:
        assert wms.carry_out(asked("pick", "DC-N", None, line, demand_order_key=order_key)).state == "assigned"
    stopped, picked = [asked("call_back", "DC-N", None, line, demand_order_key=order_key) for order_key in orders]
    assert wms.look_up(stopped) is None
    told = wms.carry_out(stopped)
    assert (told.state, told.done) == ("waiting", True)
    assert wms.carry_out(stopped) == wms.look_up(stopped) == told
    (after,) = client.read("stock.shipment.out", [int(orders[0].split(",")[1])], ["inventory_moves"])
    moves = client.read("stock.move", after["inventory_moves"], ["lot", "quantity", "state"])
    assert [(move["lot"], move["quantity"], move["state"]) for move in moves] == [(None, 2.0, "draft")]
    boss.do("model.stock.shipment.out.pick", [int(orders[1].split(",")[1])], boss.context())
    for tried in (wms.carry_out, wms.look_up):
        with pytest.raises(SourceError, match="It is picked in Tryton") as refusal:
            tried(picked)
        assert not refusal.value.retry
    other = replace(shelved[0] if shelved[0].item_code != line.item_code else shelved[1], quantity=1)
    assert wms.carry_out(replace(picked, lines=(other,))).done, "nothing of it went with that order"


def test_a_transfer_that_is_called_back_is_cancelled_unless_it_has_left(
    client: TrytonClient, boss: TrytonClient, shelved: list[Line]
) -> None:
    wms, line = TrytonWms(client), replace(shelved[2], quantity=1)
    transfers = [asked("transfer", "DC-N", "H-N1", line) for _ in range(2)]
    for transfer in transfers:
        wms.carry_out(transfer)
    stays, left = [asked("call_back", "DC-N", None, line, calls_back=transfer.reference) for transfer in transfers]
    told = wms.carry_out(stays)
    assert (told.state, told.done) == ("cancelled", True)
    assert wms.carry_out(stays) == told
    (shipment,) = boss.search_read("stock.shipment.internal", [["reference", "=", left.calls_back]], ["state"])
    for button in ("assign_try", "pack", "ship"):
        boss.do(f"model.stock.shipment.internal.{button}", [shipment["id"]], boss.context())
    with pytest.raises(SourceError, match="It is shipped in Tryton"):
        wms.carry_out(left)
    never = asked("call_back", "DC-N", None, line, calls_back="LW-WT-none")
    assert wms.carry_out(never).done

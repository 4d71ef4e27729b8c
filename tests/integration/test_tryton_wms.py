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
    besides: int = 0


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
    return ordered_all(boss, {line.item_code: quantity})


def ordered_all(boss: TrytonClient, quantities: dict[str, float]) -> dict[str, Any]:
    """A customer's order for so much of each item."""
    (warehouse,) = boss.search_read("stock.location", [["code", "=", "DC-N"]], ["output_location", "storage_location"])
    (customer,) = boss.search_read("stock.location", [["type", "=", "customer"]], ["code"], limit=1)
    party = boss.search_read("party.party", [["addresses", "!=", None]], ["addresses"], limit=1)[0]
    products = boss.search_read(
        "product.product", [["code", "in", list(quantities)]], ["code", "default_uom", "list_price"]
    )
    company = boss.context()["company"]
    (currency,) = boss.search_read("currency.currency", [["code", "=", "EUR"]], ["code"])
    moves = [
        {
            "product": product["id"], "unit": product["default_uom"], "quantity": quantities[product["code"]],
            "from_location": warehouse["output_location"], "to_location": customer["id"], "company": company,
            "unit_price": product["list_price"] or 0, "currency": currency["id"],
        }
        for product in products
    ]  # fmt: skip
    values = {
        "customer": party["id"], "delivery_address": party["addresses"][0], "warehouse": warehouse["id"],
        "warehouse_output": warehouse["output_location"], "warehouse_storage": warehouse["storage_location"],
        "company": company, "outgoing_moves": [("create", moves)],
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
    assert (told.state, told.done) == ("waiting", True)
    assert wms.look_up(pick) == told
    # Tryton has more of it, and chooses nothing by itself
    assert picked(client, shipment) == [("assigned", line.lot_number, line.location_code, 5), ("draft", None, None, 3)]


def picked(client: TrytonClient, shipment: dict[str, Any]) -> list[tuple[Any, ...]]:
    """(state, lot, place, quantity) of what is to leave the shelves for an order; of what names no lot, no place."""
    (after,) = client.read("stock.shipment.out", [shipment["id"]], ["inventory_moves"])
    fields = ["lot.number", "quantity", "state", "from_location.code"]
    moves = client.read("stock.move", after["inventory_moves"], fields)
    found = [(m["state"], m["lot."], m["from_location."]["code"], m["quantity"]) for m in moves]
    return sorted((state, lot and lot["number"], place if lot else None, n) for state, lot, place, n in found)


def test_another_pick_for_the_order_adds_to_what_is_set_aside_for_it(
    client: TrytonClient, boss: TrytonClient, order: tuple[dict[str, Any], Line]
) -> None:
    shipment, line = order
    order_key, wms = key("stock.shipment.out", shipment["id"]), TrytonWms(client)
    first, second, third = [
        asked("pick", "DC-N", None, replace(line, quantity=quantity, besides=besides), demand_order_key=order_key)
        for quantity, besides in ((5, 0), (3, 5), (2, 8))
    ]
    wms.carry_out(first)
    forward = asked("priority", "DC-N", None, demand_order_key=order_key, wanted_on=date(2030, 1, 2))
    assert wms.carry_out(forward).done
    assert wms.look_up(first), "what is set aside for it stays so"
    assert wms.look_up(second) is None, "it is the same lot at the same place"
    assert wms.carry_out(second) == wms.look_up(second)
    place = (line.lot_number, line.location_code)
    assert picked(client, shipment) == [("assigned", *place, 3), ("assigned", *place, 5)]
    # it has grown since it was assigned
    (whole,) = boss.read("stock.shipment.out", [shipment["id"]], ["state", "outgoing_moves"])
    assert whole["state"] == "assigned"
    grown = {"outgoing_moves": [("write", whole["outgoing_moves"], {"quantity": 10.0})]}
    boss.do("model.stock.shipment.out.write", [shipment["id"]], grown, boss.context())
    assert wms.carry_out(third).state == "assigned"
    assert picked(client, shipment) == [("assigned", *place, 2), ("assigned", *place, 3), ("assigned", *place, 5)]
    boss.do("model.stock.shipment.out.pick", [shipment["id"]], boss.context())
    (whole,) = boss.read("stock.shipment.out", [shipment["id"]], ["outgoing_moves"])
    leaves = boss.read("stock.move", whole["outgoing_moves"], ["lot.number", "quantity"])
    assert [(m["lot."]["number"], m["quantity"]) for m in leaves if m["quantity"]] == [(line.lot_number, 10)]


def test_what_tryton_has_not_free_is_refused_and_left_open(
    client: TrytonClient, boss: TrytonClient, shelved: list[Line]
) -> None:
    line = shelved[3]
    shipment = ordered(boss, line, line.quantity + 100.0)
    pick = asked(
        "pick", "DC-N", None, replace(line, quantity=line.quantity + 50),
        demand_order_key=key("stock.shipment.out", shipment["id"]),
    )  # fmt: skip
    with pytest.raises(SourceError, match="not all of these lots free"):
        TrytonWms(client).carry_out(pick)
    after = picked(client, shipment)
    assert sum(quantity for *_, quantity in after) == line.quantity + 100
    assert {(state, lot) for state, lot, *_ in after} <= {("assigned", line.lot_number), ("draft", None)}
    boss.do("model.stock.shipment.out.cancel", [shipment["id"]], boss.context())


def test_more_than_the_order_wants_is_not_picked(client: TrytonClient, order: tuple[dict[str, Any], Line]) -> None:
    shipment, line = order
    pick = asked(
        "pick", "DC-N", None, replace(line, quantity=9), demand_order_key=key("stock.shipment.out", shipment["id"])
    )
    with pytest.raises(SourceError, match=r"1 of .* more than Tryton's order has left"):
        TrytonWms(client).carry_out(pick)


def known(company: Company, *lines: Line) -> None:
    """DC-N with these lots on its shelves."""
    company.location("DC-N", kind="site")
    for code in {line.location_code for line in lines}:
        company.location(code, kind="bin", parent_code="DC-N")
    company.location("DC-N-BLOCKED", kind="bin", parent_code="DC-N", status="blocked")
    for code in {line.item_code for line in lines}:
        company.item(code)
    for line in lines:
        company.lot(line.lot_number or "", line.item_code)
        company.move(line.quantity, line.location_code, item=line.item_code, lot=line.lot_number)
    company.post()


def wanted(company: Company, shipment: dict[str, Any], quantities: dict[str, float]) -> None:
    """The order, as the sync reads it."""
    order_key = key("stock.shipment.out", shipment["id"])
    for code, quantity in quantities.items():
        company.add(
            "demand_line", f"{order_key};{code}", order_key=order_key, order_number=shipment["number"],
            order_kind="customer", site_code="DC-N", customer_location="PATIENT", ordered_at=NOW, priority="emergency",
            item_code=code, quantity=quantity, state="open",
        )  # fmt: skip
    company.post("wms")


def all_warehouses(client: TrytonClient) -> Gateways:
    warehouses = {"tryton": WarehouseGateway(load_warehouses()["tryton"], TrytonWms(client))}
    return Gateways(None, Portals({}, None), {}, People({}), "http://board", warehouses=warehouses)  # type: ignore[arg-type]


def waves(company: Company, gateways: Gateways) -> tuple[dict[str, int], dict[str, int]]:
    """Waves proposed, approved and sent: how many, and what became of their tasks."""
    proposed = propose_picks(company.conn, load_picking(), company.context)
    actions.ask(company.conn, company.context, 10, actions.load_policies())
    company.conn.commit()
    company.conn.autocommit = True
    return proposed, dict(drain(company.conn, gateways, company.context).counts)


@pytest.fixture
def many(boss: TrytonClient, shelved: list[Line]) -> list[Line]:
    """New lots in Tryton at two places of DC-N: for each of three items fifty, of two each."""
    codes, places = sorted({line.item_code for line in shelved})[:3], sorted({line.location_code for line in shelved})
    products = boss.search_read("product.product", [["code", "in", codes]], ["code", "default_uom"])
    locations = boss.search_read("stock.location", [["code", "in", places[:2]]], ["code"])
    (lost,) = boss.search_read("stock.location", [["type", "=", "lost_found"]], ["code"], limit=1)
    made, moves = [], []
    for product in products:
        numbers = [f"{product['code']}-{uuid4().hex[:8]}" for _ in range(50)]
        lots = boss.do(
            "model.stock.lot.create", [{"product": product["id"], "number": n} for n in numbers], boss.context()
        )
        for at, (number, lot) in enumerate(zip(numbers, lots, strict=True)):
            place = locations[at % len(locations)]
            made.append(Line(product["code"], number, place["code"], 2))
            moves.append({
                "product": product["id"], "unit": product["default_uom"], "quantity": 2.0, "lot": lot,
                "from_location": lost["id"], "to_location": place["id"], "company": boss.context()["company"],
            })  # fmt: skip
    boss.do("model.stock.move.do", boss.do("model.stock.move.create", moves, boss.context()), boss.context())
    return made


def test_an_order_larger_than_a_walk_is_set_aside_whole_in_several_waves(
    client: TrytonClient, boss: TrytonClient, many: list[Line], company: Company
) -> None:
    known(company, *many)
    first, second, third = sorted({line.item_code for line in many})
    gateways = all_warehouses(client)
    # of 45 lots, and of 95, in walks of 40; of the last lot of an item each order has one
    orders = {45: {first: 61.0, third: 28.0}, 95: {first: 39.0, second: 100.0, third: 50.0}}
    shipments = {lines: ordered_all(boss, quantities) for lines, quantities in orders.items()}
    for lines, quantities in orders.items():
        wanted(company, shipments[lines], quantities)
    proposed, sent = waves(company, gateways)
    assert (proposed, sent) == ({"pick_waves": 5, "picks": 140}, {"warehouse_task.sent": 5})
    for lines, shipment in shipments.items():
        moves = picked(client, shipment)
        assert {state for state, *_ in moves} == {"assigned"}
        assert sum(quantity for *_, quantity in moves) == sum(orders[lines].values())
        (after,) = client.read("stock.shipment.out", [shipment["id"]], ["state"])
        assert after["state"] == "assigned"
        told = company.conn.execute(
            "SELECT lot.number, place.code, line.quantity FROM lotwatch.warehouse_task"
            " JOIN lotwatch.warehouse_task_line AS line USING (warehouse_task_id) JOIN lotwatch.lot USING (lot_id)"
            " JOIN lotwatch.location AS place ON place.location_id = line.location_id WHERE demand_order_key = %s"
            " ORDER BY 1, 2, 3",
            (key("stock.shipment.out", shipment["id"]),),
        ).fetchall()
        assert [(lot, place, quantity) for _, lot, place, quantity in moves] == told
        assert len(told) == lines
    states = company.conn.execute("SELECT DISTINCT state FROM lotwatch.warehouse_task").fetchall()
    assert states == [("acknowledged",)]


def test_what_was_short_is_picked_when_it_has_come(
    client: TrytonClient, boss: TrytonClient, many: list[Line], company: Company
) -> None:
    line, later = many[0], many[2]  # at the same place
    known(company, line)
    shipment, gateways = ordered(boss, line, 4.0), all_warehouses(client)
    wanted(company, shipment, {line.item_code: 4})
    assert waves(company, gateways) == ({"pick_waves": 1, "picks": 1}, {"warehouse_task.sent": 1})
    assert picked(client, shipment)[0] == ("assigned", line.lot_number, line.location_code, 2)
    company.lot(later.lot_number or "", later.item_code)
    company.move(2, later.location_code, item=later.item_code, lot=later.lot_number)
    company.post()
    assert waves(company, gateways) == ({"pick_waves": 1, "picks": 1}, {"warehouse_task.sent": 1})
    both = [("assigned", each.lot_number, each.location_code, 2) for each in (line, later)]
    assert picked(client, shipment) == sorted(both)


def test_a_wave_sets_the_same_lot_aside_for_each_of_its_orders(
    client: TrytonClient, boss: TrytonClient, shelved: list[Line], company: Company
) -> None:
    line = shelved[4]
    known(company, line)
    orders = {quantity: ordered(boss, line, quantity) for quantity in (3, 2)}
    for quantity, shipment in orders.items():
        wanted(company, shipment, {line.item_code: quantity})
    gateways = all_warehouses(client)
    assert waves(company, gateways) == ({"pick_waves": 1, "picks": 2}, {"warehouse_task.sent": 2})
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
    settings = {name: each.settings for name, each in gateways.warehouses.items()}
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

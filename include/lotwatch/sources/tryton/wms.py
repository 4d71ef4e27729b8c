"""Writes warehouse tasks into Tryton: each of our references once, however often it is asked for.

What is held is moved to the site's blocked place by an internal shipment, and back when it is released; a transfer is an
internal shipment that its warehouse picks and sends; a pick sets aside the named lots for a customer's shipment, and adds them to what
is set aside for it already. What has priority is
brought forward: the planned date is what Tryton orders shipments and their assignment by, and it has no other priority.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any, Literal, Protocol, TypeAlias

from lotwatch.errors import SourceError
from lotwatch.sources.jsonrpc import TrytonClient, UnclearAnswerError
from lotwatch.sources.tryton.mapping import split_key

SHIPMENT, CUSTOMER = "stock.shipment.internal", "stock.shipment.out"
SHIPMENT_FIELDS = ("number", "reference", "state", "from_location.code", "to_location.code", "moves")
#: states in which a transfer has begun, in which nobody has taken anything off a shelf, and in which a customer's goods are set aside
BEGUN = frozenset({"assigned", "packed", "shipped", "done"})
STOPPABLE = frozenset({"draft", "waiting", "assigned"})
PICKED = frozenset({"assigned", "picked", "packed", "shipped", "done"})
#: the ids of a product, a lot of it (None: none) and a place
Shelf: TypeAlias = tuple[int, int | None, int]


class TaskLine(Protocol):
    """A line of a task: base units of a lot or serial unit, from a place; `besides`: what other picks for the same order took of it."""

    @property
    def item_code(self) -> str: ...
    @property
    def lot_number(self) -> str | None: ...
    @property
    def serial_number(self) -> str | None: ...
    @property
    def location_code(self) -> str: ...
    @property
    def quantity(self) -> int: ...
    @property
    def besides(self) -> int: ...


class Task(Protocol):
    """What the warehouse is asked for; `reference` is ours."""

    @property
    def reference(self) -> str: ...
    @property
    def kind(self) -> Literal["hold", "release", "transfer", "pick", "priority", "call_back"]: ...
    @property
    def from_location(self) -> str: ...
    @property
    def to_location(self) -> str | None: ...
    @property
    def demand_order_key(self) -> str | None: ...
    @property
    def calls_back(self) -> str | None: ...
    @property
    def wanted_on(self) -> date | None: ...
    @property
    def lines(self) -> Sequence[TaskLine]: ...


@dataclass(frozen=True, slots=True)
class Told:
    """What the warehouse says of a task: its own number and state, and whether that is what was asked for."""

    number: str
    state: str
    done: bool


class TrytonWms:
    """Tryton as a warehouse that can be told. Every step is safe to repeat, a pick once it was looked up; one caller at a time.

    Raises SourceError: `retry` where asking again can help; not when Tryton knows an item, lot or place not at all, or
    somebody has cancelled there what we asked for.
    """

    def __init__(self, client: TrytonClient, *, lot_serial_separator: str = "/") -> None:
        self._client, self._separator = client, lot_serial_separator

    def carry_out(self, task: Task) -> Told:
        """Do what is asked, or go on with it; what of it is for people to do there is begun."""
        if task.kind == "pick":
            return self._pick(task)
        if task.kind == "priority":
            return self._bring_forward(task)
        if task.kind == "call_back":
            return self._call_back(task)
        shipment = self._look_up(task.reference) or self._create(task)
        if shipment["state"] == "draft":
            shipment = self._press("wait", shipment, task.reference)
        if task.kind == "transfer":
            return self._told(shipment, task.kind)
        if shipment["state"] == "waiting":
            shipment = self._press("assign_try", shipment, task.reference)
        if shipment["state"] == "assigned":
            shipment = self._press("do", shipment, task.reference)
        return self._told(shipment, task.kind)

    def look_up(self, task: Task) -> Told | None:
        """What has become of a task; None where Tryton has never heard of it."""
        if task.kind == "pick":
            return self._picked(task, self._order(task))
        if task.kind == "priority":
            return self._forward(task, self._order(task))
        if task.kind == "call_back":
            return self._called_back(task)
        shipment = self._look_up(task.reference)
        if shipment is None or not shipment["number"]:
            return None  # half made: carrying it out goes on with it
        return self._told(shipment, task.kind)

    # --- internal shipments

    def _told(self, shipment: Mapping[str, Any], kind: str) -> Told:
        state = shipment["state"]
        if state == "cancelled":
            raise SourceError(
                "Somebody cancelled it in Tryton", where=f"internal shipment {shipment['number']}",
                do="ask them why; if it is still to be done, ask for it again",
            )  # fmt: skip
        return Told(shipment["number"], state, state == "done" or (kind == "transfer" and state in BEGUN))

    def _look_up(self, reference: str) -> dict[str, Any] | None:
        found = self._client.search_read(SHIPMENT, [["reference", "=", reference]], SHIPMENT_FIELDS)
        if len(found) > 1:
            raise SourceError(
                f"Tryton has {len(found)} internal shipments with our reference {reference}", where=SHIPMENT,
                do="a person must cancel all but one there",
            )  # fmt: skip
        return found[0] if found else None

    def _create(self, task: Task) -> dict[str, Any]:
        values = self._values(task)
        try:
            self._client.do(f"model.{SHIPMENT}.create", [values], self._client.context())
        except UnclearAnswerError:
            made = self._look_up(task.reference)
            if made is None:
                raise
            return made
        made = self._look_up(task.reference)
        if made is None:
            raise SourceError(f"Tryton made {task.reference} and cannot find it", where=SHIPMENT, retry=True)
        return made

    def _press(self, button: str, shipment: Mapping[str, Any], reference: str) -> dict[str, Any]:
        try:
            self._client.do(f"model.{SHIPMENT}.{button}", [shipment["id"]], self._client.context())
        except UnclearAnswerError:
            after = self._look_up(reference)
            if after is None or after["state"] == shipment["state"]:
                raise
            return after
        after = self._look_up(reference)
        if after is None:
            raise SourceError(f"Tryton lost {reference} while it was being made", where=SHIPMENT, retry=True)
        return after

    def _values(self, task: Task) -> dict[str, Any]:
        places = self._places({task.from_location, task.to_location or ""} - {""})
        products = self._products(task)
        lots = self._lots(task, products)
        source, destination = places[task.from_location], places[task.to_location or ""]
        moves = [
            {
                "product": products[line.item_code]["id"],
                "unit": products[line.item_code]["default_uom"],
                "lot": lot,
                "quantity": float(line.quantity),
                "from_location": source,
                "to_location": destination,
            }
            for line, lot in zip(task.lines, lots, strict=True)
        ]
        return {
            "reference": task.reference,
            "from_location": source,
            "to_location": destination,
            "planned_start_date": task.wanted_on,
            "planned_date": task.wanted_on,
            "moves": [("create", moves)],
        }

    # --- customers' shipments

    def _order(self, task: Task) -> dict[str, Any]:
        model, identity = split_key(task.demand_order_key or "")
        found = self._client.read(
            model, [identity], ("number", "state", "planned_date", *(["inventory_moves"] if model == CUSTOMER else []))
        )
        if not found:
            raise SourceError(
                "Tryton has no such shipment any more", where=task.demand_order_key or "", do="pick for another order"
            )
        return found[0]

    def _pick(self, task: Task) -> Told:
        """Set the lots aside besides those that are. What no line names is for a later pick, or for people, and stays open there."""
        order = self._order(task)
        if order["state"] not in {"waiting", "assigned"}:
            raise SourceError(
                f"It is {order['state']} in Tryton, and can be picked for no more", where=f"shipment {order['number']}",
                do="pick for another order, or put it back to waiting there",
            )  # fmt: skip
        shelves = self._shelves(task)
        self._complete(task)
        order = self._order(task)
        moves = self._moves(order)
        is_all = self._name_lots(task, order, moves, shelves)
        self._press_order(task, "assign_try")
        if not is_all:
            self._complete(task)
        order = self._order(task)
        before, after = self._set_aside(moves), self._set_aside(self._moves(order))
        if any(after[at] - before[at] < line.quantity for line, at in zip(task.lines, shelves, strict=True)):
            raise SourceError(
                "Tryton has not all of these lots free any more", where=f"shipment {order['number']}",
                do="nothing: what is missing is picked anew",
            )  # fmt: skip
        return Told(order["number"], order["state"], done=True)

    def _picked(self, task: Task, order: Mapping[str, Any]) -> Told | None:
        """What Tryton says if these very lots are set aside for the order; None: they are not, or not yet."""
        if order["state"] not in PICKED and order["state"] != "waiting":
            return None
        held = self._set_aside(self._moves(order))
        for line, at in zip(task.lines, self._shelves(task), strict=True):
            if held[at] < line.besides + line.quantity:
                return None
        return Told(order["number"], order["state"], done=True)

    def _complete(self, task: Task) -> None:
        """Have an open move for all that is ordered and not set aside; what is set aside stays so.

        Tryton's own `wait` does that, told that no move is to be given up.
        """
        self._press_order(task, "wait", [])

    def _name_lots(
        self, task: Task, order: Mapping[str, Any], moves: Sequence[Mapping[str, Any]], shelves: Sequence[Shelf]
    ) -> bool:
        """Name the lots on the order's open moves, in one transaction there; whether that is all it waits for.

        The other open moves go, or Tryton would assign what lots it likes to them.
        """
        products = self._products(task)
        wanted: defaultdict[tuple[int, int], deque[tuple[TaskLine, Shelf, float]]] = defaultdict(deque)
        for line, at in zip(task.lines, shelves, strict=True):
            wanted[at[0], products[line.item_code]["default_uom"]].append((line, at, float(line.quantity)))
        changes: list[tuple[Any, ...]] = []
        is_all = True
        for move in moves:
            if move["state"] != "draft":
                continue
            room, parts, asked = move["quantity"], [], wanted[move["product"], move["unit"]]
            while room and asked:
                line, at, quantity = asked.popleft()
                taken = min(room, quantity)
                parts.append({"quantity": taken, "lot": at[1], "from_location": at[2]})
                room -= taken
                if taken < quantity:
                    asked.appendleft((line, at, quantity - taken))
            is_all = is_all and not room
            changes.append(("write", [move["id"]], parts[0]) if parts else ("delete", [move["id"]]))
            same = {name: move[name] for name in ("product", "unit", "to_location", "planned_date", "origin")}
            if parts[1:]:
                changes.append(("create", [same | part for part in parts[1:]]))
        for line, _, quantity in chain.from_iterable(wanted.values()):
            raise SourceError(
                f"{quantity:g} of {line.item_code} are more than Tryton's order has left to pick",
                where=f"shipment {order['number']}",
                do="read the order again and pick anew",
            )
        self._press_order(task, "write", {"inventory_moves": changes})
        return is_all

    @staticmethod
    def _set_aside(moves: Sequence[Mapping[str, Any]]) -> Counter[Shelf]:
        held: Counter[Shelf] = Counter()
        for move in moves:
            if move["state"] in {"assigned", "done"}:
                held[move["product"], move["lot"], move["from_location"]] += move["quantity"]
        return held

    def _press_order(self, task: Task, method: str, *values: Any) -> None:
        model, identity = split_key(task.demand_order_key or "")
        self._client.do(f"model.{model}.{method}", [identity], *values, self._client.context())

    def _moves(self, order: Mapping[str, Any]) -> list[dict[str, Any]]:
        fields = (
            "product",
            "lot",
            "unit",
            "quantity",
            "from_location",
            "to_location",
            "planned_date",
            "state",
            "origin",
        )
        return self._client.read("stock.move", order["inventory_moves"], fields)

    # --- what comes first

    def _bring_forward(self, task: Task) -> Told:
        """Plan it for the day. Tryton lets a day be planned in a draft only: what waits is one for a moment.

        What is set aside for an order stays so, as in `_complete`.
        """
        order = self._order(task)
        told = self._forward(task, order)
        if told is not None:
            return told
        model, _ = split_key(task.demand_order_key or "")
        self._plan(model, order, task.wanted_on, ("wait", []))
        return self._forward(task, self._order(task)) or Told(order["number"], order["state"], done=False)

    def _plan(self, model: str, order: Mapping[str, Any], day: date | None, wait: tuple[Any, ...]) -> None:
        """Plan it for the day (None: leave that as it is); `wait` says what of what is set aside for it is given up."""
        # of a transfer Tryton also plans when it leaves, and never after it arrives
        names = ["planned_date", *(["planned_start_date"] if model == SHIPMENT else [])]
        steps: list[tuple[Any, ...]] = [("write", dict.fromkeys(names, day)), wait]
        if order["state"] == "waiting":
            steps = [("draft",), *steps]
        elif order["state"] == "assigned":
            steps = [wait, ("draft",), *steps]
        for name, *values in steps if day else [wait]:
            self._client.do(f"model.{model}.{name}", [order["id"]], *values, self._client.context())

    def _forward(self, task: Task, order: Mapping[str, Any]) -> Told | None:
        """What Tryton says if it is planned for the day, or set aside or sent already; None: it is planned for later."""
        if order["state"] == "cancelled":
            raise SourceError(
                "It is cancelled in Tryton", where=f"shipment {order['number']}", do="nothing: it will not come"
            )
        planned = order["planned_date"]
        in_time = order["state"] == "waiting" and planned and task.wanted_on and planned <= task.wanted_on
        if in_time or order["state"] in PICKED:
            return Told(order["number"], order["state"], done=True)
        return None

    # --- what is stopped

    def _call_back(self, task: Task) -> Told:
        """Cancel the transfer, put the order back to where no lot is set aside for it, or what was brought forward back to its
        day as well; and read whether it is so."""
        told = self._called_back(task)
        if told is None and self._was_forward(task):
            model, (order, *_) = self._going(task)
            self._plan(model, order, task.wanted_on, ("wait",))
            told = self._called_back(task)
        elif told is None:
            model, going = self._going(task)
            button = "cancel" if task.calls_back else "wait"
            self._client.do(f"model.{model}.{button}", [order["id"] for order in going], self._client.context())
            told = self._called_back(task)
        if told is None:
            raise SourceError("Somebody has set it aside there again", where=task.reference, retry=True)
        return told

    def _called_back(self, task: Task) -> Told | None:
        """What Tryton says if nothing of what is called back is on its way any more; None: it is, and can be stopped.

        Raises SourceError where it is out of the shelves: only people can stop it.
        """
        _, going = self._going(task)
        affected = [order for order in going if self._holds_any(task, order)]
        for order in affected:
            if order["state"] not in STOPPABLE:
                raise SourceError(
                    f"It is {order['state']} in Tryton, with what is called back", where=f"shipment {order['number']}",
                    do="stop the goods, or have them brought back, and say so in Tryton",
                )  # fmt: skip
        if affected and not (self._was_forward(task) and self._is_put_off(task, going[0])):
            return None
        number, state = (going[0]["number"], going[0]["state"]) if going else (None, "deleted")
        return Told(number or task.calls_back or task.demand_order_key or "", state, done=True)

    @staticmethod
    def _was_forward(task: Task) -> bool:
        return bool(task.calls_back and task.demand_order_key)

    @staticmethod
    def _is_put_off(task: Task, order: Mapping[str, Any]) -> bool:
        """Whether nothing is set aside for it, and it is not to leave before the day that it had (None: it had none)."""
        return order["state"] not in PICKED and (
            task.wanted_on is None or order["planned_date"] is None or order["planned_date"] >= task.wanted_on
        )

    def _going(self, task: Task) -> tuple[str, list[dict[str, Any]]]:
        """The model, and the shipment that is called back; none where somebody has deleted it."""
        fields = ("number", "state", "moves", "planned_date")
        if task.calls_back and not self._was_forward(task):
            return SHIPMENT, self._client.search_read(SHIPMENT, [["reference", "=", task.calls_back]], fields)
        model, identity = split_key(task.demand_order_key or "")
        return model, self._client.search_read(model, [["id", "=", identity]], fields)

    def _holds_any(self, task: Task, order: Mapping[str, Any]) -> bool:
        """Whether moves of a shipment take, or took, a lot of the task's lines; of a line without one, any of its item."""
        products = self._products(task)
        wanted = {
            (products[line.item_code]["id"], lot)
            for line, lot in zip(task.lines, self._lots(task, products), strict=True)
        }
        moves = self._client.read("stock.move", order["moves"], ("product", "lot", "quantity", "state"))
        return any(
            move["quantity"] and {(move["product"], move["lot"]), (move["product"], None)} & wanted
            for move in moves
            if move["state"] != "cancelled"
        )

    # --- what our codes are there

    def _products(self, task: Task) -> dict[str, dict[str, Any]]:
        codes = sorted({line.item_code for line in task.lines})
        records = self._client.search_read("product.product", [["code", "in", codes]], ["code", "default_uom"])
        return self._each(codes, {record["code"]: record for record in records}, "product.product")

    def _places(self, codes: set[str]) -> dict[str, int]:
        """Ids by code; a warehouse stands for its store."""
        wanted = sorted(codes)
        records = self._client.search_read(
            "stock.location", [["code", "in", wanted]], ["code", "type", "storage_location"]
        )
        found = {
            record["code"]: record["storage_location"] if record["type"] == "warehouse" else record["id"]
            for record in records
        }
        return self._each(wanted, found, "stock.location")

    def _shelves(self, task: Task) -> list[Shelf]:
        """Where each line is taken from."""
        products = self._products(task)
        places = self._places({line.location_code for line in task.lines})
        return [
            (products[line.item_code]["id"], lot, places[line.location_code])
            for line, lot in zip(task.lines, self._lots(task, products), strict=True)
        ]

    def _lots(self, task: Task, products: Mapping[str, Mapping[str, Any]]) -> list[int | None]:
        """Tryton's lot of each line: its number is lot and serial, or either alone."""
        numbers = [self._numbers(line) for line in task.lines]
        where = [
            ["product", "in", sorted(product["id"] for product in products.values())],
            ["number", "in", sorted(set(chain.from_iterable(numbers)))],
        ]
        found = {
            (record["product"], record["number"]): int(record["id"])
            for record in self._client.search_read("stock.lot", where, ["product", "number"])
        }
        lots: list[int | None] = []
        for line, names in zip(task.lines, numbers, strict=True):
            product = products[line.item_code]["id"]
            lot = next((found[product, name] for name in names if (product, name) in found), None)
            if lot is None and names:
                raise SourceError(
                    f"Tryton has no lot {names[0]} of {line.item_code}", where="stock.lot", do="add it there"
                )
            lots.append(lot)
        return lots

    def _numbers(self, line: TaskLine) -> list[str]:
        lot, serial = line.lot_number, line.serial_number
        return [number for number in (lot and serial and f"{lot}{self._separator}{serial}", serial, lot) if number]

    @staticmethod
    def _each(codes: Sequence[str], found: Mapping[str, Any], model: str) -> dict[str, Any]:
        missing = [code for code in codes if code not in found]
        if missing:
            raise SourceError(
                f"Tryton knows nothing by {', '.join(missing)}", where=model, do="add it there, or correct the code"
            )
        return dict(found)

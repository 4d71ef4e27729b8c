"""Documents whose lines come and go, and what a pull remembers of them.

Putting a shipment back deletes its moves, and what is deleted leaves nothing to be read. So the cursor of such an entity
holds the lines that were open at the last pull: those that a document no longer has, or whose document is gone, are
told as withdrawn.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from lotwatch.sources.connector import Page, Record
from lotwatch.sources.jsonrpc import TrytonClient
from lotwatch.sources.tryton import shipments
from lotwatch.sources.tryton.mapping import jsonable
from lotwatch.sources.tryton.reading import Domain, Pull, Window, naive_utc, overlapped, parse_stamp, resumed, text
from lotwatch.sources.tryton.shipments import (
    CUSTOMER,
    CUSTOMER_RETURN,
    INTERNAL,
    SUPPLIER,
    SUPPLIER_RETURN,
    Document,
    Load,
    Shipment,
)
from lotwatch.sources.tryton.site import TrytonSite

Row = Mapping[str, Any]

#: states of a shipment in which some of its moves may be assigned
ASSIGNING = ["waiting", "assigned", "picked", "packed", "shipped"]
SHIPMENT_FIELDS = {
    CUSTOMER: (
        "number", "state", "warehouse", "planned_date", "effective_date", "moves", "create_date", "write_date",
    ),
    INTERNAL: (
        "number", "state", "from_location", "to_location", "planned_date", "effective_start_date", "effective_date",
        "moves", "create_date", "write_date",
    ),
    SUPPLIER_RETURN: (
        "number", "state", "from_location", "to_location", "planned_date", "effective_date", "moves",
        "create_date", "write_date",
    ),
    SUPPLIER: (
        "number", "reference", "state", "warehouse", "planned_date", "effective_date", "moves", "create_date", "write_date",
    ),
    CUSTOMER_RETURN: (
        "number", "state", "warehouse", "planned_date", "effective_date", "moves", "create_date", "write_date",
    ),
}  # fmt: skip
MOVE_FIELDS = (
    "product", "lot", "unit", "quantity", "from_location", "to_location", "effective_date", "state",
    "origin", "create_date", "write_date",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DocumentReading:
    """How an entity is read from shipments: for each model what changed in a window, and how its lines are mapped.

    `withdrawn` makes the row of a line that is gone from the row it last had.
    """

    where: Mapping[str, Callable[[Window], Domain]]
    map: Callable[[Shipment, TrytonSite], Document]
    withdrawn: Callable[[Row, datetime], dict[str, Any]]


@dataclass(slots=True)
class Memory:
    """The open lines of the last pull: document -> line -> its row, as JSON keeps it."""

    documents: dict[str, dict[str, Row]] = field(default_factory=dict)

    def compare(self, document: Document, reading: DocumentReading) -> Iterator[Record]:
        """What is new about a document since the last pull; remembers it as it is now."""
        before = self.documents.pop(document.key, {})
        now = {line.source_key: jsonable(line.row) for line in document.lines}
        yield from (line for line in document.lines if now[line.source_key] != before.get(line.source_key))
        gone = {source_key: row for source_key, row in before.items() if source_key not in now}
        yield from _withdrawn(document.key, gone, document.changed_at, reading)
        if document.open and now:
            self.documents[document.key] = now

    def forget(self, keys: Iterable[str], moment: datetime, reading: DocumentReading) -> Iterator[Record]:
        """Lines of documents that are no longer there."""
        for key in keys:
            yield from _withdrawn(key, self.documents.pop(key), moment, reading)

    def ids(self, model: str) -> dict[int, str]:
        """The remembered documents of a model: id -> key."""
        named = (key.rpartition(",") for key in self.documents)
        return {int(identity): f"{name},{identity}" for name, _, identity in named if name == model}


def _withdrawn(document: str, lines: Mapping[str, Row], moment: datetime, reading: DocumentReading) -> Iterator[Record]:
    for source_key, row in lines.items():
        raw = {"withdrawn_from": document, "last_known": dict(row)}
        yield Record(source_key, raw, reading.withdrawn(typed(row), moment))


def typed(row: Row) -> dict[str, Any]:
    """A remembered row with its moments and days as such again."""
    return {name: _typed(name, value) for name, value in row.items()}


def _typed(name: str, value: Any) -> Any:
    if value is None or not name.endswith(("_at", "_on", "_by")):
        return value
    return datetime.fromisoformat(value) if name.endswith("_at") else date.fromisoformat(value)


def changed(
    client: TrytonClient, site: TrytonSite, reading: DocumentReading, cursor: Mapping[str, Any]
) -> Iterator[Page]:
    """Lines that changed and lines that are gone; the last page has the cursor, with the lines that are open."""
    until = client.server_time()
    memory = Memory(dict(cursor.get("open", {})))
    since = resumed(parse_stamp(cursor.get("since")), naive_utc(until), site)
    for page in _read(client, site, reading, overlapped(since, site)):
        yield Page([record for document in page for record in memory.compare(document, reading)])
    gone = list(memory.forget(list(_deleted(client, reading, memory)), until, reading))
    yield Page(gone, {"since": text(naive_utc(until)), "open": memory.documents})


def changed_between(client: TrytonClient, site: TrytonSite, reading: DocumentReading, window: Window) -> Iterator[Page]:
    """The lines of documents last changed in a window."""
    for page in _read(client, site, reading, window):
        yield Page([line for document in page for line in document.lines])


def _read(client: TrytonClient, site: TrytonSite, reading: DocumentReading, window: Window) -> Iterator[list[Document]]:
    """The documents that changed, page by page."""
    pull = Pull(client, site)
    for model, where in reading.where.items():
        for page in client.pages(model, where(window), SHIPMENT_FIELDS[model], size=site.page_size):
            yield [reading.map(shipment, site) for shipment in _shipments(pull, model, page)]


def _deleted(client: TrytonClient, reading: DocumentReading, memory: Memory) -> Iterator[str]:
    """Keys of remembered documents that Tryton no longer has."""
    for model in reading.where:
        known = memory.ids(model)
        found = client.search_read(model, [["id", "in", sorted(known)]], ["id"]) if known else []
        yield from (known[identity] for identity in sorted(known.keys() - {record["id"] for record in found}))


def _shipments(pull: Pull, model: str, page: list[dict[str, Any]]) -> Iterator[Shipment]:
    loads = _loads(pull, [move for record in page for move in record["moves"]])
    ends = [(record.get("from_location") or record["warehouse"], record.get("to_location")) for record in page]
    tree = pull.places(place for pair in ends for place in pair if place)
    for record, (source, destination) in zip(page, ends, strict=True):
        yield Shipment(
            model=model,
            record=record,
            source=tree[source],
            destination=tree[destination or source],
            zone=tree.zone_of_move(source, destination or source),
            loads=tuple(loads[move] for move in record["moves"]),
        )


def _loads(pull: Pull, moves: Sequence[int]) -> dict[int, Load]:
    """Moves by id, with what they refer to."""
    rows = pull.rows("stock.move", moves, MOVE_FIELDS)
    found = [rows[move] for move in moves]
    products = pull.products(row["product"] for row in found)
    lots = pull.rows("stock.lot", (row["lot"] for row in found), ["number"])
    tree = pull.places(row[end] for row in found for end in ("from_location", "to_location"))
    return {
        row["id"]: Load(
            record=row,
            source=tree[row["from_location"]],
            destination=tree[row["to_location"]],
            product=products[row["product"]],
            unit=pull.unit(row["unit"]),
            lot=lots[row["lot"]]["number"] if row["lot"] else None,
        )
        for row in found
    }


def _any_change(window: Window) -> Domain:
    return window.of_record_or("moves")


def _assigning(window: Window) -> Domain:
    """At first only shipments that may have something assigned: there is nothing yet to be closed."""
    return window.of_record_or("moves") or [["state", "in", ASSIGNING]]


def _through_transit(window: Window) -> Domain:
    """Transfers from one site to another: others pass through no transit place."""
    return [["internal_transit_location", "!=", None], window.of_record_or("moves")]


#: what the warehouse reads of its shipments
OF_SHIPMENTS = {
    "demand_line": DocumentReading({CUSTOMER: _any_change}, shipments.demand, shipments.demand_withdrawn),
    "allocation": DocumentReading(
        dict.fromkeys((CUSTOMER, INTERNAL, SUPPLIER_RETURN), _assigning),
        shipments.allocations,
        shipments.allocation_closed,
    ),
    "delivery_line": DocumentReading(
        {
            CUSTOMER: _any_change,
            INTERNAL: _through_transit,
            SUPPLIER: _any_change,
            SUPPLIER_RETURN: _any_change,
            CUSTOMER_RETURN: _any_change,
        },
        shipments.delivery,
        shipments.delivery_withdrawn,
    ),
}

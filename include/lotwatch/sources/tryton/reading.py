"""What changed in Tryton: stamps, windows of time, and what one pull looks up once."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from lotwatch.sources.connector import Record
from lotwatch.sources.jsonrpc import TrytonClient
from lotwatch.sources.tryton import places
from lotwatch.sources.tryton.mapping import Product, Unit
from lotwatch.sources.tryton.places import Places
from lotwatch.sources.tryton.site import TrytonSite

Domain = list[Any]

#: looked-up records of a model that are kept from page to page
KEPT = 20_000

#: clocks that are kept right jump by less
LEAST_JUMP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Changes from `start` (None: from the beginning) up to but not including `end` (None: until now), naive UTC."""

    start: datetime | None = None
    end: datetime | None = None

    def domain(self) -> Domain:
        """Tryton's search clause for records last changed in the window. `write_date` is null until the first write."""
        if self.start is None:
            return []
        if self.end is None:
            return ["OR", ["write_date", ">=", self.start], ["create_date", ">=", self.start]]
        return [
            "OR",
            [["write_date", ">=", self.start], ["write_date", "<", self.end]],
            [["write_date", "=", None], ["create_date", ">=", self.start], ["create_date", "<", self.end]],
        ]

    def of_record_or(self, *related: str) -> Domain:
        """Records that changed in the window, or of which a record they refer to did."""
        own = self.domain()
        # in brackets of its own: Tryton appends the relation's condition to the clause, where an OR takes it for a choice
        return own and ["OR", own, *([name, "where", [own]] for name in related)]

    def has(self, record: Mapping[str, Any]) -> bool:
        """Whether a record's last change is in the window."""
        stamp: datetime = record["write_date"] or record["create_date"]
        return (self.start is None or stamp >= self.start) and (self.end is None or stamp < self.end)


@dataclass(frozen=True, slots=True)
class Reading:
    """How an entity is read: its model and fields, what changed in a window, and how records are mapped.

    `module` brings the model. Without it there is nothing to be read if it `may_lack`, else the source is misconfigured.
    """

    model: str
    fields: Sequence[str]
    where: Callable[["Pull", Window], Domain]
    map: Callable[["Pull", list[dict[str, Any]]], Iterable[Record]]
    module: str = "stock"
    may_lack: bool = False


#: module -> model -> fields that it brings; without it they are read as empty
OPTIONAL_FIELDS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "stock_lot": {"stock.move": ("lot",)},
    "stock_lot_sled": {"stock.lot": ("expiration_date", "shelf_life_expiration_date")},
    "stock_consignment": {"stock.location": ("consignment_party",)},
    "product_attribute": {"product.product": ("attributes",)},
    "purchase": {"product.product": ("purchase_uom",)},
}


def lacking(modules: frozenset[str]) -> dict[str, frozenset[str]]:
    """Model -> fields that a Tryton with these modules does not have."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for module, models in OPTIONAL_FIELDS.items():
        if module not in modules:
            for model, fields in models.items():
                found[model].update(fields)
    return {model: frozenset(fields) for model, fields in found.items()}


def naive_utc(moment: datetime) -> datetime:
    """A moment as Tryton stamps it."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def parse_stamp(stamp: str | None) -> datetime | None:
    """A stamp of a cursor."""
    return datetime.fromisoformat(stamp) if stamp else None


def text(stamp: datetime | None) -> str | None:
    """A stamp as a cursor keeps it."""
    return stamp.isoformat() if stamp else None


class Pull:
    """What is looked up while one entity is read, each record once, or again when very many others were looked up since."""

    def __init__(self, client: TrytonClient, site: TrytonSite) -> None:
        self.client, self.site = client, site
        self._found: defaultdict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
        self._places: Places | None = None
        self._units: dict[int, Unit] = {}

    def related(self, model: str, *fields: str) -> list[str]:
        """Of the named relations of a model, those that this Tryton has."""
        return [name for name in fields if name not in self.client.lacking.get(model, frozenset())]

    def rows(self, model: str, ids: Iterable[int | None], fields: Sequence[str]) -> dict[int, dict[str, Any]]:
        """Records of a model by id; for a model always ask for the same fields."""
        wanted = {identity for identity in ids if identity is not None}
        found = self._found[model]
        if len(found) > KEPT:  # millions of lots or moves may pass by
            found = self._found[model] = {identity: found[identity] for identity in wanted & found.keys()}
        missing = sorted(wanted - found.keys())
        for start in range(0, len(missing), self.site.page_size):
            chunk = missing[start : start + self.site.page_size]
            found.update((record["id"], record) for record in self.client.read(model, chunk, fields))
        return found

    def places(self, needed: Iterable[int] = ()) -> Places:
        """The location tree, read again if it lacks a location that was made meanwhile."""
        if self._places is None or any(identity not in self._places for identity in needed):
            self._places = self._read_places()
        return self._places

    def _read_places(self) -> Places:
        records: list[dict[str, Any]] = []
        for page in self.client.pages("stock.location", [], places.FIELDS, size=self.site.page_size):
            records += page
        lanes = self.client.search_read("stock.location.lead_time", [], ["warehouse_to"])
        supplied = {lane["warehouse_to"] for lane in lanes if lane["warehouse_to"] is not None}
        return Places(records, supplied, self.site, self._company_zone())

    def _company_zone(self) -> str:
        company = self.client.context().get("company")
        if company is None:
            return "UTC"
        (record,) = self.client.read("company.company", [company], ["timezone"])
        return record["timezone"] or "UTC"

    def unit(self, identity: int) -> Unit:
        """A unit of measure."""
        if identity not in self._units:
            records = self.client.search_read("product.uom", [], ["name", "factor"])
            self._units = {record["id"]: Unit(record["name"], record["factor"]) for record in records}
        return self._units[identity]

    def products(self, ids: Iterable[int | None]) -> dict[int, Product]:
        """Products by id."""
        wanted = {identity for identity in ids if identity is not None}
        fields = ("code", "attributes", "default_uom", "purchase_uom")
        rows = self.rows("product.product", wanted, fields)
        return {identity: self._product(rows[identity]) for identity in wanted}

    def _product(self, row: Mapping[str, Any]) -> Product:
        attributes = row["attributes"] or {}
        base = self.unit(row["default_uom"])
        return Product(
            code=row["code"] or None,
            label_lot=bool(attributes.get(self.site.attribute("label_lot"))),
            label_serial=bool(attributes.get(self.site.attribute("label_serial"))),
            base_unit=base,
            purchase_unit=self.unit(row["purchase_uom"]) if row["purchase_uom"] else base,
            order_multiple=attributes.get(self.site.attribute("order_multiple")),
        )

    def documents(self, records: Iterable[Mapping[str, Any]]) -> dict[int, str]:
        """Move id -> the number of its shipment, or else of the purchase it came from."""
        named = {record["id"]: record["shipment"] or record["origin"] or "" for record in records}
        by_model: defaultdict[str, dict[int, int]] = defaultdict(dict)
        for move, reference in named.items():
            model, _, identity = reference.partition(",")
            if model.startswith("stock.shipment.") or model == "purchase.line":
                by_model[model][move] = int(identity)
        numbers: dict[int, str] = {}
        for model, wanted in by_model.items():
            numbers |= self._document_numbers(model, wanted)
        return numbers

    def _document_numbers(self, model: str, wanted: Mapping[int, int]) -> dict[int, str]:
        if model == "purchase.line":
            lines = self.rows(model, wanted.values(), ["purchase.number"])
            numbers = {move: lines[line]["purchase."]["number"] for move, line in wanted.items()}
        else:
            rows = self.rows(model, wanted.values(), ["number"])
            numbers = {move: rows[shipment]["number"] for move, shipment in wanted.items()}
        return {move: number for move, number in numbers.items() if number}


def overlapped(since: datetime | None, site: TrytonSite) -> Window:
    """Changes since a stamp, and a little before it: stamps are the start of transactions that commit later."""
    return Window(since - timedelta(minutes=site.overlap_minutes) if since else None)


def resumed(since: datetime | None, now: datetime, site: TrytonSite) -> datetime | None:
    """From when on to read: since the last pull, or everything (None) if Tryton's clock was put back since.

    Nobody knows when that was, and what was changed from then on bears stamps that lie before the last pull. A little,
    less than the overlap, changes nothing.
    """
    little = max(timedelta(minutes=site.overlap_minutes), LEAST_JUMP)
    put_back = since is not None and since - now > little
    return None if put_back else since

"""The connectors: what each reads of Tryton, and how they resume."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Login, Page, Record
from lotwatch.sources.jsonrpc import TrytonClient
from lotwatch.sources.tryton import documents, mapping, places
from lotwatch.sources.tryton.reading import (
    Domain,
    Pull,
    Reading,
    Window,
    naive_utc,
    overlapped,
    parse_stamp,
    text,
)
from lotwatch.sources.tryton.site import TrytonSite

OPEN_PURCHASE = ["draft", "quotation", "confirmed", "processing"]
#: moves that are done, and those that were done until they were cancelled: a draft has no effective date
HAPPENED: Domain = ["OR", ["state", "=", "done"], [["state", "=", "cancelled"], ["effective_date", "!=", None]]]

#: which field of an inspected shipment names its place
INSPECTED_AT = {
    "stock.shipment.in": "warehouse",
    "stock.shipment.out": "warehouse",
    "stock.shipment.out.return": "warehouse",
    "stock.shipment.internal": "to_location",
}


def connect(url: str, database: str, user: str, password: str, *, timeout_seconds: float = 60.0) -> TrytonClient:
    """A session with a Tryton server. It logs in at its first use."""
    return TrytonClient(url, database, user, password, timeout_seconds=timeout_seconds)


class TrytonConnector:
    """Reads entities of one Tryton. `options` are the fields of `TrytonSite`. Raises SourceError.

    A cursor is `{"since": stamp}`, what Tryton's clock showed when the last pull began; half-way through a pull it also
    holds that pull's `until` and the last id read; for documents whose lines come and go it holds their open lines.
    Other deleted records leave nothing to be read, and neither does a cost price that Tryton averages by itself.
    """

    entities: tuple[str, ...] = ()

    def __init__(self, client: TrytonClient, **options: Any) -> None:
        self.client = client
        try:
            self.site = TrytonSite(**options)
        except ValidationError as error:
            raise SourceError(
                f"The options of a Tryton source cannot be used: {error}", do="correct them in the registry of sources"
            ) from error
        self._readings: dict[str, Reading] = {}
        self._documents: Mapping[str, documents.DocumentReading] = {}

    def changed(self, entity: str, cursor: Mapping[str, Any] | None) -> Iterator[Page]:
        """What changed since `cursor`, and what changed in the overlap before it; everything when None."""
        if entity in self._documents:
            yield from documents.changed(self.client, self.site, self._documents[entity], cursor or {})
            return
        reading, state = self._reading(entity), dict(cursor or {})
        since = parse_stamp(state.get("since"))
        until = parse_stamp(state["until"]) if "until" in state else naive_utc(self.client.server_time())
        for records, last_id in self._read(reading, overlapped(since, self.site), state.get("after_id", 0)):
            yield Page(records, {"since": text(since), "until": text(until), "after_id": last_id})
        yield Page([], {"since": text(until)})

    def changed_between(self, entity: str, start: datetime, end: datetime) -> Iterator[Page]:
        """What was last changed in [start, end); the moments carry their zone."""
        window = Window(naive_utc(start), naive_utc(end))
        if entity in self._documents:
            yield from documents.changed_between(self.client, self.site, self._documents[entity], window)
            return
        for records, _ in self._read(self._reading(entity), window, 0):
            yield Page(records)

    def server_time(self) -> datetime:
        """What Tryton's clock shows."""
        return self.client.server_time().astimezone(UTC)

    def _reading(self, entity: str) -> Reading:
        try:
            return self._readings[entity]
        except KeyError:
            known = ", ".join(self.entities)
            raise SourceError(f"This source has no entity {entity!r}, only {known}.") from None

    def _read(self, reading: Reading, window: Window, after_id: int) -> Iterator[tuple[list[Record], int]]:
        """(records, the last id among them), page by page."""
        pull = Pull(self.client, self.site)
        where = reading.where(pull, window)
        for page in self.client.pages(
            reading.model, where, reading.fields, size=self.site.page_size, after_id=after_id
        ):
            yield list(reading.map(pull, page)), page[-1]["id"]


class TrytonWarehouse(TrytonConnector):
    """Locations, items, lots, the moves that are done or were taken back, and what shipments say of the rest."""

    entities = ("location", "item", "lot", "movement", "demand_line", "allocation", "delivery_line")

    def __init__(self, client: TrytonClient, **options: Any) -> None:
        super().__init__(client, **options)
        self._readings = {
            "location": Reading(
                "stock.location", places.FIELDS, lambda _, window: window.domain(), self._map_locations,
            ),
            "item": Reading(
                "product.product",
                (
                    "code", "name", "active", "attributes", "cost_price", "categories", "default_uom",
                    "create_date", "write_date",
                ),
                lambda _, window: window.of_record_or("template"), self._map_items,
            ),
            "lot": Reading(
                "stock.lot",
                (
                    "number", "product", "expiration_date", "shelf_life_expiration_date", "active",
                    "create_date", "write_date",
                ),
                lambda _, window: window.of_record_or("product"), self._map_lots,
            ),
            "movement": Reading(
                "stock.move",
                (
                    "product", "lot", "unit", "quantity", "from_location", "to_location", "effective_date", "origin",
                    "shipment", "state", "create_date", "write_date",
                ),
                lambda _, window: [HAPPENED, window.of_record_or("product", "lot")], self._map_movements,
            ),
        }  # fmt: skip
        self._documents = documents.OF_SHIPMENTS

    def _read(self, reading: Reading, window: Window, after_id: int) -> Iterator[tuple[list[Record], int]]:
        """Locations come parents first, and again when a location above them changed; the rest as everywhere."""
        if reading.model != "stock.location":
            yield from super()._read(reading, window, after_id)
            return
        pull = Pull(self.client, self.site)
        tree = pull.places()
        supplied_anew = {
            lane["warehouse_to"]
            for lane in self.client.search_read("stock.location.lead_time", window.domain(), ["warehouse_to"])
        }
        changed = [
            tree.records[identity]
            for identity in tree.parents_first()
            if identity in supplied_anew or any(map(window.has, tree.line_to_root(identity)))
        ]
        for start in range(0, len(changed), self.site.page_size):
            yield list(reading.map(pull, changed[start : start + self.site.page_size])), 0

    def _map_locations(self, pull: Pull, page: list[dict[str, Any]]) -> Iterable[Record]:
        tree = pull.places()
        return [mapping.location(record, tree[record["id"]]) for record in page]

    def _map_items(self, pull: Pull, page: list[dict[str, Any]]) -> Iterable[Record]:
        wanted = (category for record in page for category in record["categories"])
        names = pull.rows("product.category", wanted, ["name"])
        for record in page:
            categories = [names[category]["name"] for category in sorted(record["categories"])]
            yield mapping.item(record, pull.unit(record["default_uom"]), categories, self.site)

    def _map_lots(self, pull: Pull, page: list[dict[str, Any]]) -> Iterable[Record]:
        products = pull.products(record["product"] for record in page)
        return [mapping.lot(record, products.get(record["product"]), self.site) for record in page]

    def _map_movements(self, pull: Pull, page: list[dict[str, Any]]) -> Iterable[Record]:
        tree = pull.places(record[end] for record in page for end in ("from_location", "to_location"))
        products = pull.products(record["product"] for record in page)
        lots = pull.rows("stock.lot", (record["lot"] for record in page), ["number"])
        numbers = pull.documents(page)
        for record in page:
            source, destination = record["from_location"], record["to_location"]
            context = mapping.MoveContext(
                source=tree[source],
                destination=tree[destination],
                zone=tree.zone_of_move(source, destination),
                product=products[record["product"]],
                unit=pull.unit(record["unit"]),
                lot=lots[record["lot"]]["number"] if record["lot"] else None,
                document=numbers.get(record["id"]),
            )
            happened = mapping.movement(record, context, self.site)
            yield happened
            if record["state"] == "cancelled":
                yield mapping.reversal(happened)


class TrytonProcurement(TrytonConnector):
    """Suppliers, what they sell, and purchase lines in every state."""

    entities = ("supplier", "agreement", "purchase_line")

    def __init__(self, client: TrytonClient, **options: Any) -> None:
        super().__init__(client, **options)
        self._readings = {
            "supplier": Reading(
                "party.party", ("code", "name", "email", "active", "create_date", "write_date"),
                self._suppliers, lambda _, page: map(mapping.supplier, page),
            ),
            "agreement": Reading(
                "purchase.product_supplier",
                (
                    "product", "template", "party", "currency", "lead_time_used", "prices", "active",
                    "create_date", "write_date",
                ),
                lambda _, window: [["active", "=", True], window.of_record_or("prices", "product", "party")],
                self._map_agreements,
            ),
            "purchase_line": Reading(
                "purchase.line",
                (
                    "purchase", "product", "quantity", "unit", "unit_price", "delivery_date_store", "moves",
                    "description", "create_date", "write_date",
                ),
                lambda _, window: [["type", "=", "line"], window.of_record_or("purchase", "moves", "product")],
                self._map_lines,
            ),
        }  # fmt: skip

    def _suppliers(self, _: Pull, window: Window) -> Domain:
        """The parties we buy from: those of an agreement or of a purchase that is not finished. Tryton marks none."""
        every = ["id", "in", sorted(self._parties(Window()))]
        if window.start is None:
            return [every]
        newly = ["id", "in", sorted(self._parties(window))]
        return [every, ["OR", window.of_record_or("contact_mechanisms"), newly]]

    def _parties(self, window: Window) -> set[int]:
        agreements = self.client.search_read("purchase.product_supplier", window.domain(), ["party"])
        unfinished = [["state", "in", OPEN_PURCHASE], window.domain()]
        purchases = self.client.search_read("purchase.purchase", unfinished, ["party"])
        return {record["party"] for record in (*agreements, *purchases)}

    def _map_agreements(self, pull: Pull, page: list[dict[str, Any]]) -> Iterable[Record]:
        parties = pull.rows("party.party", (record["party"] for record in page), ["code"])
        currencies = pull.rows("currency.currency", (record["currency"] for record in page), ["code"])
        templates = pull.rows("product.template", (record["template"] for record in page), ["products"])
        listed = (price for record in page for price in record["prices"])
        prices = pull.rows("purchase.product_supplier.price", listed, ["quantity", "unit_price"])
        for record in page:
            variants = [record["product"]] if record["product"] else templates[record["template"]]["products"]
            for identity, product in pull.products(variants).items():
                yield mapping.agreement(
                    record,
                    [prices[price] for price in record["prices"]],
                    product,
                    supplier_code=parties[record["party"]]["code"] or None,
                    currency=currencies[record["currency"]]["code"],
                    variant="" if record["product"] else f":{identity}",
                )

    def _map_lines(self, pull: Pull, page: list[dict[str, Any]]) -> Iterable[Record]:
        fields = (
            "number", "reference", "state", "party", "warehouse", "currency", "purchase_date", "delivery_date",
        )  # fmt: skip
        purchases = pull.rows("purchase.purchase", (record["purchase"] for record in page), fields)
        wanted = [purchases[record["purchase"]] for record in page]
        parties = pull.rows("party.party", (purchase["party"] for purchase in wanted), ["code"])
        currencies = pull.rows("currency.currency", (purchase["currency"] for purchase in wanted), ["code"])
        planned = (move for record in page for move in record["moves"])
        moves = pull.rows("stock.move", planned, ["state", "planned_date", "origin_planned_date"])
        products = pull.products(record["product"] for record in page)
        tree = pull.places(purchase["warehouse"] for purchase in wanted if purchase["warehouse"])
        for record, purchase in zip(page, wanted, strict=True):
            context = mapping.LineContext(
                purchase=purchase,
                supplier_code=parties[purchase["party"]]["code"] or None,
                site_code=tree[purchase["warehouse"]].code if purchase["warehouse"] else None,
                currency=currencies[purchase["currency"]]["code"],
                product=products.get(record["product"]),
                unit=pull.unit(record["unit"]) if record["unit"] else None,
                moves=[moves[move] for move in record["moves"]],
            )
            yield mapping.purchase_line(record, context)


class TrytonQuality(TrytonConnector):
    """Quality inspections."""

    entities = ("inspection",)

    def __init__(self, client: TrytonClient, **options: Any) -> None:
        super().__init__(client, **options)
        self._readings = {
            "inspection": Reading(
                "quality.inspection",
                (
                    "number", "reference", "state", "control", "origin", "points", "processed_at",
                    "create_date", "write_date",
                ),
                lambda _, window: window.of_record_or("control"), self._map_inspections,
            ),
        }  # fmt: skip

    def _map_inspections(self, pull: Pull, page: list[dict[str, Any]]) -> Iterable[Record]:
        controls = pull.rows("quality.control", (record["control"] for record in page), ["product"])
        controlled = {record["id"]: controls[record["control"]]["product"] for record in page}
        products = pull.products(controlled.values())
        sites = self._sites_of_origins(pull, page)
        for record in page:
            product = controlled[record["id"]]
            code = products[product].code if product else None
            yield mapping.inspection(record, code, sites.get(record["origin"]))

    def _sites_of_origins(self, pull: Pull, page: list[dict[str, Any]]) -> dict[str, str | None]:
        """Shipment that is inspected -> the site it came to (or leaves): all that Tryton tells of where."""
        wanted: defaultdict[str, set[int]] = defaultdict(set)
        for record in page:
            model, _, identity = (record["origin"] or "").partition(",")
            if model in INSPECTED_AT:
                wanted[model].add(int(identity))
        tree = pull.places()
        return {
            mapping.key(model, identity): tree[row[INSPECTED_AT[model]]].site
            for model, ids in wanted.items()
            for identity, row in pull.rows(model, ids, [INSPECTED_AT[model]]).items()
        }


def warehouse(login: Login, **options: Any) -> TrytonWarehouse:
    """The warehouse system behind a login."""
    return TrytonWarehouse(_session(login), **options)


def procurement(login: Login, **options: Any) -> TrytonProcurement:
    """The purchasing system behind a login."""
    return TrytonProcurement(_session(login), **options)


def quality(login: Login, **options: Any) -> TrytonQuality:
    """The quality system behind a login."""
    return TrytonQuality(_session(login), **options)


def _session(login: Login) -> TrytonClient:
    return connect(login.url, login.database, login.user, login.password)

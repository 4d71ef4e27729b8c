"""The connectors: what each reads of Tryton, and how they resume."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Login, Page, Record
from lotwatch.sources.jsonrpc import TrytonClient
from lotwatch.sources.tryton import documents, levels, mapping, places, vanished
from lotwatch.sources.tryton.reading import (
    Domain,
    Pull,
    Reading,
    Window,
    lacking,
    naive_utc,
    overlapped,
    parse_stamp,
    resumed,
    text,
)
from lotwatch.sources.tryton.site import TrytonSite

OPEN_PURCHASE = ["draft", "quotation", "confirmed", "processing"]
#: moves that are done, and those that were done until they were cancelled: a draft has no effective date
HAPPENED: Domain = ["OR", ["state", "=", "done"], [["state", "=", "cancelled"], ["effective_date", "!=", None]]]

INSPECTION_FIELDS = (
    "number", "reference", "state", "control", "origin", "points", "processed_at", "create_date", "write_date",
)  # fmt: skip

INVOICE_LINE = "account.invoice.line"
INVOICE_LINE_FIELDS = (
    "invoice", "origin", "product", "quantity", "unit", "unit_price", "create_date", "write_date",
)  # fmt: skip
#: lines of suppliers' invoices about goods: those of freight and the like have neither product nor origin
SUPPLIERS_BILL: Domain = [
    ["type", "=", "line"], ["invoice.type", "=", "in"], ["OR", ["origin", "!=", None], ["product", "!=", None]],
]  # fmt: skip

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
    Other deleted records leave nothing to be read: `present` tells which are still there. A cost price that Tryton
    averages by itself changes no stamp.
    """

    entities: tuple[str, ...] = ()
    #: the module without which there is nothing to be read
    module = "stock"
    vanishing: Mapping[str, vanished.Vanishing] = {}
    level_reading: levels.LevelReading | None = None

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
        self._levels: levels.LevelReading | None = None
        self.reconciled = tuple(entity for entity in self.entities if entity in self.vanishing)
        if self.site.stock_levels and self.level_reading is not None:
            self._levels = self.level_reading
            self.entities = (*self.entities, levels.ENTITY)

    def changed(self, entity: str, cursor: Mapping[str, Any] | None) -> Iterator[Page]:
        """What changed since `cursor`, and what changed in the overlap before it; everything when None."""
        self._know_modules()
        if entity == levels.ENTITY and self._levels is not None:
            yield from levels.stated(Pull(self.client, self.site), self._levels, cursor or {})
            return
        if entity in self._documents:
            yield from documents.changed(self.client, self.site, self._documents[entity], cursor or {})
            return
        reading, state = self._reading(entity), dict(cursor or {})
        since = parse_stamp(state.get("since"))
        now = naive_utc(self.client.server_time())
        if "until" not in state:
            since = resumed(since, now, self.site)
        until = parse_stamp(state.get("until")) or now
        for records, last_id in self._read(reading, overlapped(since, self.site), state.get("after_id", 0)):
            yield Page(records, {"since": text(since), "until": text(until), "after_id": last_id})
        yield Page([], {"since": text(until)})

    def changed_between(self, entity: str, start: datetime, end: datetime) -> Iterator[Page]:
        """What was last changed in [start, end); the moments carry their zone."""
        self._know_modules()
        window = Window(naive_utc(start), naive_utc(end))
        if entity == levels.ENTITY and self._levels is not None:
            return  # what is where now says nothing of then
        if entity in self._documents:
            yield from documents.changed_between(self.client, self.site, self._documents[entity], window)
            return
        for records, _ in self._read(self._reading(entity), window, 0):
            yield Page(records)

    def fields(self, entity: str) -> Sequence[str]:
        """The fields that are read of an entity's records."""
        return self._reading(entity).fields

    def server_time(self) -> datetime:
        """What Tryton's clock shows."""
        return self.client.server_time().astimezone(UTC)

    def remembers(self, entity: str, record: Record) -> bool:
        """Whether a record may be deleted unseen."""
        return vanished.may_vanish(entity, record, self.client.answered_at, self.site)

    def forgets_before(self, entity: str, moment: datetime) -> datetime | None:
        """Movements are remembered for a while, the rest for ever."""
        return moment - timedelta(days=self.site.reconciled_days) if entity == vanished.MOVEMENT else None

    def present(self, entity: str, moment: datetime) -> Iterator[list[str]]:
        """The keys of all records of an entity that Tryton still has; of movements, those that may be remembered."""
        self._know_modules()
        if self._lacks(self._reading(entity)):
            return
        told = self.vanishing[entity]
        where = told.where or []
        if entity == vanished.MOVEMENT:  # remembered for so long, and as old when it was read
            since = moment.date() - timedelta(days=2 * self.site.reconciled_days + 2)
            where = [HAPPENED, ["effective_date", ">=", since]]
        for page in self.client.pages(told.model, where, told.fields, size=self.site.page_size):
            yield self._keys(entity, told.model, page)

    def gone(self, entity: str, source_key: str, row: Mapping[str, Any], moment: datetime) -> Record:
        """What a record that Tryton has no more means for us."""
        return vanished.gone(entity, source_key, row, moment, self.vanishing)

    def returned(self, entity: str, source_key: str, row: Mapping[str, Any], moment: datetime) -> Record:
        """A record that is there again."""
        return vanished.returned(entity, source_key, row, moment)

    def _keys(self, entity: str, model: str, page: Sequence[Mapping[str, Any]]) -> list[str]:
        """The source keys of some records."""
        return [mapping.key(model, record["id"]) for record in page]

    def _know_modules(self) -> None:
        """Read what this Tryton's modules do not have as empty. Raises SourceError when it cannot be this source."""
        modules = self.client.modules()
        self.client.lacking = lacking(modules)
        if self.module not in modules:
            raise self._not_activated(self.module, "this source")

    def _lacks(self, reading: Reading) -> bool:
        """Whether there is nothing to be read for want of a module. Raises SourceError when there should be."""
        if reading.module in self.client.modules():
            return False
        if not reading.may_lack:
            raise self._not_activated(reading.module, reading.model)
        return True

    def _not_activated(self, module: str, what: str) -> SourceError:
        return SourceError(
            f"Tryton's module {module} is not activated: there is nothing to be read for {what}",
            where=f"{self.client.url} database {self.client.database}",
            do=f"activate {module}, choose another database, or leave it out of `entities` of this source",
        )

    def _reading(self, entity: str) -> Reading:
        try:
            return self._readings[entity]
        except KeyError:
            known = ", ".join(self.entities)
            raise SourceError(f"This source has no entity {entity!r}, only {known}.") from None

    def _read(self, reading: Reading, window: Window, after_id: int) -> Iterator[tuple[list[Record], int]]:
        """(records, the last id among them), page by page."""
        if self._lacks(reading):
            return
        pull = Pull(self.client, self.site)
        where = reading.where(pull, window)
        for page in self.client.pages(
            reading.model, where, reading.fields, size=self.site.page_size, after_id=after_id
        ):
            yield list(reading.map(pull, page)), page[-1]["id"]


class TrytonWarehouse(TrytonConnector):
    """Places, items, lots, the moves that are done or were taken back, what shipments say of the rest, and order points."""

    entities = (
        "location", "item", "item_unit", "identifier", "lot", "order_point", "movement", "demand_line", "allocation",
        "delivery_line",
    )  # fmt: skip
    vanishing = vanished.OF_WAREHOUSE
    level_reading = levels.BY_LOT

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
            "item_unit": Reading(
                "product.product", ("code", "default_uom", "purchase_uom", "create_date", "write_date"),
                lambda _, window: window.of_record_or("template"), self._map_units, "purchase", may_lack=True,
            ),
            "identifier": Reading(
                "product.identifier", ("product", "type", "code", "create_date", "write_date"),
                # others, such as a maker's part number, are on no label
                lambda _, window: [["OR", ["type", "=", "ean"], ["type", "=", None]], window.of_record_or("product")],
                self._map_identifiers, "product",
            ),
            "order_point": Reading(
                "stock.order_point",
                (
                    "product", "location", "type", "min_quantity", "target_quantity", "max_quantity",
                    "create_date", "write_date",
                ),
                lambda _, window: window.of_record_or("product", "location"), self._map_order_points, "stock_supply",
                may_lack=True,
            ),
            "lot": Reading(
                "stock.lot",
                (
                    "number", "product", "expiration_date", "shelf_life_expiration_date", "active",
                    "create_date", "write_date",
                ),
                lambda _, window: window.of_record_or("product"), self._map_lots, "stock_lot", may_lack=True,
            ),
            "movement": Reading(
                "stock.move",
                (
                    "product", "lot", "unit", "quantity", "from_location", "to_location", "effective_date", "origin",
                    "shipment", "state", "create_date", "write_date",
                ),
                lambda pull, window: [HAPPENED, window.of_record_or(*pull.related("stock.move", "product", "lot"))],
                self._map_movements,
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

    def _map_units(self, pull: Pull, page: list[dict[str, Any]]) -> Iterable[Record]:
        """The units in which items are bought, where those are not their base units."""
        products = pull.products(record["id"] for record in page)
        for record in page:
            product = products[record["id"]]
            if product.purchase_unit != product.base_unit:
                yield mapping.item_unit(record, product)

    def _map_identifiers(self, pull: Pull, page: list[dict[str, Any]]) -> Iterable[Record]:
        products = pull.products(record["product"] for record in page)
        return [mapping.identifier(record, products[record["product"]]) for record in page]

    def _map_order_points(self, pull: Pull, page: list[dict[str, Any]]) -> Iterable[Record]:
        products = pull.products(record["product"] for record in page)
        tree = pull.places(record["location"] for record in page)
        return [mapping.order_point(record, products[record["product"]], tree[record["location"]]) for record in page]

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
    """Suppliers, what they sell, purchase lines in every state, and what suppliers bill of them."""

    entities = ("supplier", "agreement", "purchase_line", "invoice_line")
    module = "purchase"
    vanishing = vanished.OF_PROCUREMENT
    level_reading = levels.BY_SITE

    def __init__(self, client: TrytonClient, **options: Any) -> None:
        super().__init__(client, **options)
        self._readings = {
            "supplier": Reading(
                "party.party", ("code", "name", "email", "active", "create_date", "write_date"),
                self._suppliers, lambda _, page: map(mapping.supplier, page), "purchase",
            ),
            "agreement": Reading(
                "purchase.product_supplier",
                (
                    "product", "template", "party", "company", "currency", "lead_time", "prices", "active",
                    "create_date", "write_date",
                ),
                self._agreements, self._map_agreements, "purchase",
            ),
            "purchase_line": Reading(
                "purchase.line",
                (
                    "purchase", "product", "quantity", "unit", "unit_price", "delivery_date_store", "moves",
                    "description", "create_date", "write_date",
                ),
                lambda _, window: [["type", "=", "line"], window.of_record_or("purchase", "moves", "product")],
                self._map_lines, "purchase",
            ),
            "invoice_line": Reading(
                INVOICE_LINE, INVOICE_LINE_FIELDS,
                lambda _, window: [SUPPLIERS_BILL, window.of_record_or("invoice", "product")],
                self._map_invoice_lines, "account_invoice",
            ),
        }  # fmt: skip

    def _suppliers(self, _: Pull, window: Window) -> Domain:
        """The parties we buy from: those of an agreement or of a purchase that is not finished. Tryton marks none."""
        every = ["id", "in", sorted(self._parties(Window()))]
        if window.start is None:
            return [every]
        newly = ["id", "in", sorted(self._parties(window))]
        return [every, ["OR", window.of_record_or("contact_mechanisms"), newly]]

    def _agreements(self, _: Pull, window: Window) -> Domain:
        """Of those that have ended, only what ends after it was first read."""
        if window.start is None:
            return [["active", "=", True]]
        return window.of_record_or("prices", "product", "party")

    def _keys(self, entity: str, model: str, page: Sequence[Mapping[str, Any]]) -> list[str]:
        """An agreement about a template is one about each of its variants."""
        if entity != "agreement":
            return super()._keys(entity, model, page)
        whole = {record["template"] for record in page if not record["product"]}
        variants = {row["id"]: row["products"] for row in self.client.read("product.template", [*whole], ["products"])}
        return [
            mapping.key(model, record["id"]) + suffix
            for record in page
            for suffix in ([""] if record["product"] else [f":{product}" for product in variants[record["template"]]])
        ]

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
        lead_times = self._lead_times(page)
        variants = [
            [record["product"]] if record["product"] else templates[record["template"]]["products"] for record in page
        ]
        products = pull.products(variant for some in variants for variant in some)
        for record, some in zip(page, variants, strict=True):
            record["lead_time_used"] = lead_times[record["id"]]
            for variant in some:
                yield mapping.agreement(
                    record,
                    [prices[price] for price in record["prices"]],
                    products[variant],
                    supplier_code=parties[record["party"]]["code"] or None,
                    currency=currencies[record["currency"]]["code"],
                    variant="" if record["product"] else f":{variant}",
                )

    def _lead_times(self, page: list[dict[str, Any]]) -> dict[int, timedelta | None]:
        """Agreement -> its own lead time, or its supplier's, which Tryton works out: asked once for each supplier."""
        asked = {(record["party"], record["company"]): record["id"] for record in page if record["lead_time"] is None}
        told = self.client.read("purchase.product_supplier", list(asked.values()), ["lead_time_used"])
        used = {row["id"]: row["lead_time_used"] for row in told}
        return {
            record["id"]: used[asked[record["party"], record["company"]]]
            if record["lead_time"] is None
            else record["lead_time"]
            for record in page
        }

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

    def _map_invoice_lines(self, pull: Pull, page: list[dict[str, Any]]) -> Iterable[Record]:
        fields = ("number", "reference", "state", "party", "currency", "invoice_date", "move", "cancel_move")
        pull.rows(INVOICE_LINE, (referred(record["origin"], INVOICE_LINE) for record in page), INVOICE_LINE_FIELDS)
        credited = {record["id"]: self._credited(pull, record) for record in page}
        billing = (line["invoice"] for lines in credited.values() for line in lines)
        invoices = pull.rows("account.invoice", billing, fields)
        wanted = [invoices[record["invoice"]] for record in page]
        parties = pull.rows("party.party", (invoice["party"] for invoice in wanted), ["code"])
        currencies = pull.rows("currency.currency", (invoice["currency"] for invoice in wanted), ["code"])
        ordered = {line: referred(lines[-1]["origin"], "purchase.line") for line, lines in credited.items()}
        about: dict[int, int | None] = {record["id"]: record["product"] for record in page}
        unsaid = {line: bought for line, bought in ordered.items() if bought and not about[line]}
        purchased = pull.rows("purchase.line", unsaid.values(), ["product"])
        about |= {line: purchased[bought]["product"] for line, bought in unsaid.items()}
        products = pull.products(about.values())
        for record, invoice in zip(page, wanted, strict=True):
            cancelled = (invoices[line["invoice"]]["cancel_move"] for line in credited[record["id"]][1:])
            context = mapping.InvoiceContext(
                invoice=invoice,
                supplier_code=parties[invoice["party"]]["code"] or None,
                currency=currencies[invoice["currency"]]["code"],
                purchase_line=ordered[record["id"]],
                product=products[product] if (product := about[record["id"]]) else None,
                unit=pull.unit(record["unit"]) if record["unit"] else None,
                cancels=invoice["move"] is not None and invoice["move"] in cancelled,
            )
            yield mapping.invoice_line(record, context)

    def _credited(self, pull: Pull, record: dict[str, Any]) -> list[dict[str, Any]]:
        """An invoice line, the line that it credits, and so on to the one that is about a purchase, if any is."""
        lines = [record]
        while before := referred(lines[-1]["origin"], INVOICE_LINE):
            lines.append(pull.rows(INVOICE_LINE, [before], INVOICE_LINE_FIELDS)[before])
        return lines


class TrytonQuality(TrytonConnector):
    """Quality inspections, and the alerts that they raise."""

    entities = ("inspection", "quality_alert")
    module = "quality"
    vanishing = vanished.OF_QUALITY

    def __init__(self, client: TrytonClient, **options: Any) -> None:
        super().__init__(client, **options)
        self._readings = {
            "inspection": Reading(
                "quality.inspection", INSPECTION_FIELDS,
                lambda _, window: window.of_record_or("control"), self._map_inspections, "quality",
            ),
            "quality_alert": Reading(
                "quality.alert",
                ("number", "title", "description", "origin", "state", "create_date", "write_date"),
                self._alerts, self._map_alerts, "quality",
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

    def _alerts(self, _: Pull, window: Window) -> Domain:
        """Alerts that changed, or whose inspection did: it says which lot they are about."""
        own = window.domain()
        if not own:
            return []
        changed = self.client.search_read("quality.inspection", window.of_record_or("control"), ["id"])
        inspected = [mapping.key("quality.inspection", record["id"]) for record in changed]
        return ["OR", own, ["origin", "in", inspected]]

    def _map_alerts(self, pull: Pull, page: list[dict[str, Any]]) -> Iterable[Record]:
        origins = {record["id"]: (record["origin"] or "").partition(",") for record in page}
        wanted = [int(identity) for model, _, identity in origins.values() if model == "quality.inspection"]
        rows = pull.rows("quality.inspection", wanted, INSPECTION_FIELDS)
        inspected = list(self._map_inspections(pull, [rows[identity] for identity in sorted(set(wanted))]))
        by_key = {record.source_key: record for record in inspected}
        for record in page:
            yield mapping.quality_alert(record, by_key.get(record["origin"]))

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


def referred(reference: str | None, model: str) -> int | None:
    """The id in a reference to a record of a model; None when it is to nothing, or to another model."""
    named, _, identity = (reference or "").partition(",")
    return int(identity) if named == model else None


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

"""What Tryton itself says is where, from its own sum of the moves: a statement to compare with, never stock."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from lotwatch.sources.connector import Page, Record
from lotwatch.sources.tryton import mapping
from lotwatch.sources.tryton.mapping import NOISE
from lotwatch.sources.tryton.places import Places
from lotwatch.sources.tryton.reading import Pull

ENTITY = "stock_level"
SOME = ["OR", ["quantity", ">", NOISE], ["quantity", "<", -NOISE]]


@dataclass(frozen=True, slots=True)
class LevelReading:
    """Which places are stated: each that stores, lot by lot; or each site as a whole, as purchasing sees it."""

    kind: str
    by_lot: bool

    def places(self, tree: Places) -> list[int]:
        """The ids of the places, in order."""
        return sorted(
            identity
            for identity, record in tree.records.items()
            if record["type"] == self.kind and tree[identity].site is not None
        )


BY_LOT = LevelReading("storage", by_lot=True)
BY_SITE = LevelReading("warehouse", by_lot=False)


def stated(pull: Pull, reading: LevelReading, cursor: Mapping[str, Any]) -> Iterator[Page]:
    """All that is anywhere at one moment, if the last statement is old enough. What is not said is said to be empty."""
    stated_at = pull.client.server_time().astimezone(UTC)
    last = cursor.get("stated_at")
    if last and stated_at - datetime.fromisoformat(last) < timedelta(hours=pull.site.stock_level_hours):
        return
    tree = pull.places()
    for identity in reading.places(tree):
        yield from (Page(records) for records in _in_place(pull, reading, tree, identity, stated_at))
    yield Page([], {"stated_at": stated_at.isoformat()})


def _in_place(
    pull: Pull, reading: LevelReading, tree: Places, identity: int, stated_at: datetime
) -> Iterator[list[Record]]:
    """What is in one place, page by page: of each lot, and of each product what is of no lot."""
    client, separator = pull.client, pull.site.lot_serial_separator
    context = {
        **client.context(), "locations": [identity], "with_childs": not reading.by_lot, "stock_date_end": stated_at.date(),
    }  # fmt: skip
    of_lots: dict[int, float] = {}
    place = mapping.key("stock.location", identity)
    if reading.by_lot and "stock_lot" in client.modules():
        fields = ("product", "number", "quantity")
        for page in client.pages("stock.lot", SOME, fields, size=pull.site.page_size, context=context):
            products = pull.products(record["product"] for record in page)
            records = []
            for record in page:
                product = record["product"]
                of_lots[product] = of_lots.get(product, 0) + record["quantity"]
                source_key = f"{place};{product};{record['id']}"
                records.append(
                    mapping.stock_level(
                        tree[identity],
                        products[product],
                        record["number"],
                        record["quantity"],
                        stated_at,
                        source_key,
                        separator,
                    )
                )
            yield records
    # a product of which the lots make up for what is of no lot is not there as a whole
    where = ["OR", *SOME[1:], ["id", "in", sorted(of_lots)]]
    for page in client.pages("product.product", where, ("quantity",), size=pull.site.page_size, context=context):
        rest = {record["id"]: record["quantity"] - of_lots.get(record["id"], 0) for record in page}
        left = {product: quantity for product, quantity in rest.items() if abs(quantity) > NOISE}
        products = pull.products(left)
        yield [
            mapping.stock_level(
                tree[identity], products[product], None, quantity, stated_at, f"{place};{product};0", separator
            )
            for product, quantity in left.items()
        ]

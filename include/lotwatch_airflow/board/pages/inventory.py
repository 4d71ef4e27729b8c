"""Inventory: every lot and serial unit where it lies, or what they come to for each site, item, lot or month of expiry;
or what is there and on its way of each item at each site. Now, or at a past moment."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from psycopg import Connection
from psycopg.rows import DictRow
from pydantic import model_validator

from lotwatch_airflow.board.filters import Days, Month, Text
from lotwatch_airflow.board.listing import Order, Statement, fetch_all, fetch_page
from lotwatch_airflow.board.past import STEPS, PastFilters, look_back
from lotwatch_airflow.board.view import ViewDep

router = APIRouter()

_LOT_CSV = (
    "site_code", "site_name", "region", "item_code", "item_name", "lot_number", "serial_number", "owner", "status",
    "held", "expired", "usable_through", "days_to_expiry", "physical", "available", "quantity_at_risk", "own_value",
    "data_in_quarantine",
)  # fmt: skip
_GROUP_KEYS = {
    "site": ("site_code", "site_name"),
    "item": ("item_code", "item_name"),
    "lot": ("item_code", "lot_number"),
    "month": ("expiry_month",),
}
_GROUP_CSV = ("lots", "usable_through", "physical", "available", "quantity_at_risk", "own_value")
_MEASURES = ("physical", "available", "quantity_at_risk", "own_value")
_SITE_MEASURES = (
    "physical", "available", "allocated", "in_transit", "on_order", "backordered", "expected_usable",
    "expiring_unused", "inventory_position",
)  # fmt: skip
#: what is odd about an item at a site, where it is not 0
_ODD = ("negative", "without_lot", "in_conflict")
_ITEM_SITE_CSV = (
    "item_code", "item_name", "site_code", "site_name", "region", "held", "expired", "in_inspection", *_SITE_MEASURES,
    *_ODD, "data_in_quarantine",
)  # fmt: skip
#: filters that say something of lots, and nothing of an item at a site
_OF_LOTS = {"lot", "status", "owner", "month", "expiring", "expired", "held"}
_LOT_KEY = ("item_id", "site_id", "lot_id", "serial_id")


class InventoryFilters(PastFilters):
    """Which stock, how grouped and in which order."""

    site: Text | None = None
    region: Text | None = None
    item: Text | None = None
    lot: Text | None = None
    status: Literal["unrestricted", "inspection", "blocked"] | None = None
    owner: Literal["own", "consigned", "loaned"] | None = None
    month: Month | None = None
    expiring: Days | None = None
    expired: bool = False
    held: bool = False
    group: Literal["site", "item", "item_site", "lot", "month"] | None = None
    sort: (
        Literal[
            "site", "item", "lot", "expiry", "lots", "physical", "available", "quantity_at_risk", "own_value",
            "allocated", "in_transit", "on_order", "backordered", "expected_usable", "expiring_unused",
            "inventory_position",
        ]
        | None
    ) = None  # fmt: skip
    order: Literal["asc", "desc"] = "asc"

    @model_validator(mode="before")
    @classmethod
    def _drop_what_is_of_lots(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("group") == "item_site":
            return {name: value for name, value in given.items() if name not in _OF_LOTS}
        return given

    def statement(self) -> Statement:
        """The lots, the next to expire first, or the groups, by their name, unless told."""
        columns = {"site": "site_code", "item": "item_code", "lot": "lot_number", "expiry": "usable_through"}
        chosen = [Order(columns.get(self.sort, self.sort), self.order == "desc")] if self.sort else []
        if self.group is None:
            chosen = [order for order in chosen if order.column in _LOT_CSV]
            return Statement("inventory", self.parameters(), [*chosen, Order("usable_through"), Order("subject_key")])
        if self.group == "item_site":
            chosen = [order for order in chosen if order.column in _ITEM_SITE_CSV]
            return Statement("item_sites", self.parameters(), [*chosen, Order("item_code"), Order("site_code")])
        parameters = self.parameters() | {"grouped_by": self.group}
        known = {*_GROUP_KEYS[self.group], *_GROUP_CSV}
        by_name = [Order(column) for column in _GROUP_KEYS[self.group]]
        chosen = [order for order in chosen if order.column in known]
        return Statement("inventory_groups", parameters, [*chosen, *by_name], of="inventory")

    def columns(self) -> Sequence[str]:
        """The columns of a download."""
        if self.group is None:
            return _LOT_CSV
        return _ITEM_SITE_CSV if self.group == "item_site" else (*_GROUP_KEYS[self.group], *_GROUP_CSV)


@router.get("/inventory")
def inventory(view: ViewDep, filters: Annotated[InventoryFilters, Query()]) -> Response:
    """The stock that matches the filters, with totals."""
    begins = look_back(view, filters)
    of_lots = filters.group != "item_site"
    with view.transaction() as conn:
        total = "inventory_total" if of_lots else "count_rows"
        stock = fetch_page(conn, filters.statement(), filters.page, filters.size, total)
        places = _places(conn, stock.rows) if filters.group is None else {}
        sites = fetch_all(conn, "sites")
    return view.page(
        "inventory",
        filters=filters,
        stock=stock,
        places=lambda row: places.get(_lot_key(row), ()),
        begins=begins,
        steps=STEPS,
        sites=sites,
        regions=sorted({site["region"] for site in sites if site["region"]}),
        measures=_MEASURES if of_lots else _SITE_MEASURES,
        odd=_ODD,
    )


@router.get("/inventory.csv")
def inventory_csv(view: ViewDep, filters: Annotated[InventoryFilters, Query()]) -> Response:
    """All stock that matches the filters, or its groups."""
    look_back(view, filters)
    return view.download("inventory", filters.statement(), filters.columns())


def _places(conn: Connection, rows: Sequence[DictRow]) -> dict[tuple[int, ...], list[DictRow]]:
    """The places within their sites in which the lots of a page lie."""
    found: dict[tuple[int, ...], list[DictRow]] = defaultdict(list)
    parameters = {
        "items": [row["item_id"] for row in rows],
        "sites": [row["site_id"] for row in rows],
        "lots": [row["lot_id"] for row in rows],
    }
    for place in fetch_all(conn, "lot_places", parameters):
        found[_lot_key(place)].append(place)
    return found


def _lot_key(row: DictRow) -> tuple[int, ...]:
    return tuple(row[column] for column in _LOT_KEY)

"""Inventory: every lot and serial unit where it lies, or what they come to for each site, item, lot or month of expiry."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from lotwatch_airflow.board.filters import Days, Filters, Month, Text
from lotwatch_airflow.board.listing import Order, Statement, fetch_all, fetch_page
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


class InventoryFilters(Filters):
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
    group: Literal["site", "item", "lot", "month"] | None = None
    sort: (
        Literal["site", "item", "lot", "expiry", "lots", "physical", "available", "quantity_at_risk", "own_value"]
        | None
    ) = None
    order: Literal["asc", "desc"] = "asc"

    def statement(self) -> Statement:
        """The lots, the next to expire first, or the groups, by their name, unless told."""
        columns = {"site": "site_code", "item": "item_code", "lot": "lot_number", "expiry": "usable_through"}
        chosen = [Order(columns.get(self.sort, self.sort), self.order == "desc")] if self.sort else []
        if self.group is None:
            chosen = [order for order in chosen if order.column != "lots"]
            return Statement("inventory", self.parameters(), [*chosen, Order("usable_through"), Order("subject_key")])
        parameters = self.parameters() | {"grouped_by": self.group}
        known = {*_GROUP_KEYS[self.group], *_GROUP_CSV}
        by_name = [Order(column) for column in _GROUP_KEYS[self.group]]
        chosen = [order for order in chosen if order.column in known]
        return Statement("inventory_groups", parameters, [*chosen, *by_name], of="inventory")


@router.get("/inventory")
def inventory(view: ViewDep, filters: Annotated[InventoryFilters, Query()]) -> Response:
    """The stock that matches the filters, with totals."""
    with view.transaction() as conn:
        stock = fetch_page(conn, filters.statement(), filters.page, filters.size, "inventory_total")
        sites = fetch_all(conn, "sites")
    regions = sorted({site["region"] for site in sites if site["region"]})
    return view.page("inventory", filters=filters, stock=stock, sites=sites, regions=regions, measures=_MEASURES)


@router.get("/inventory.csv")
def inventory_csv(view: ViewDep, filters: Annotated[InventoryFilters, Query()]) -> Response:
    """All stock that matches the filters, or its groups."""
    columns = _LOT_CSV if filters.group is None else (*_GROUP_KEYS[filters.group], *_GROUP_CSV)
    return view.download("inventory", filters.statement(), columns)

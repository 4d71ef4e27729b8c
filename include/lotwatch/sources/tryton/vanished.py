"""What Tryton still has, and what it means for us that it has something no more: deleting leaves nothing to be read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lotwatch.sources.connector import Record
from lotwatch.sources.tryton import mapping
from lotwatch.sources.tryton.reading import Domain
from lotwatch.sources.tryton.site import TrytonSite

Row = Mapping[str, Any]
MOVEMENT = "movement"
CANCELLED, RESTORED = ";cancelled", ";restored"


@dataclass(frozen=True, slots=True)
class Vanishing:
    """Records of a model that may be deleted: which of them are there, and the row that a vanished one leaves us with."""

    model: str
    withdrawn: Callable[[Row, datetime], dict[str, Any]]
    where: Domain | None = None
    fields: tuple[str, ...] = ("id",)


def inactive(row: Row, _: datetime) -> dict[str, Any]:
    """It is used no more."""
    return {**row, "active": False}


def order_cancelled(row: Row, _: datetime) -> dict[str, Any]:
    """A purchase line that nobody is to deliver."""
    return {**row, "order_state": "cancelled"}


def invoice_cancelled(row: Row, _: datetime) -> dict[str, Any]:
    """A line of an invoice that bills nothing."""
    return {**row, "invoice_state": "cancelled"}


def called_off(row: Row, moment: datetime) -> dict[str, Any]:
    """An inspection or an alert that nobody waits for."""
    return {**row, "state": "cancelled", "closed_at": row["closed_at"] or moment}


def no_longer_labelled(row: Row, moment: datetime) -> dict[str, Any]:
    """An identifier that is put on packages no more; what bears it keeps it."""
    return {**row, "valid_through": moment.date()}


OF_WAREHOUSE = {
    "location": Vanishing("stock.location", inactive),
    "item": Vanishing("product.product", inactive),
    "identifier": Vanishing("product.identifier", no_longer_labelled),
    "order_point": Vanishing("stock.order_point", inactive),
    MOVEMENT: Vanishing("stock.move", inactive),
}
OF_PROCUREMENT = {
    "supplier": Vanishing("party.party", inactive),
    "agreement": Vanishing("purchase.product_supplier", inactive, fields=("product", "template")),
    "purchase_line": Vanishing("purchase.line", order_cancelled, [["type", "=", "line"]]),
    "invoice_line": Vanishing("account.invoice.line", invoice_cancelled, [["invoice.type", "=", "in"]]),
}
OF_QUALITY = {
    "inspection": Vanishing("quality.inspection", called_off),
    "quality_alert": Vanishing("quality.alert", called_off),
}


def gone(entity: str, source_key: str, row: Row, moment: datetime, vanishing: Mapping[str, Vanishing]) -> Record:
    """What a record that Tryton has no more means for us. A movement that was deleted never happened: it is taken back."""
    raw = {"vanished_at": moment.isoformat(), "last_known": mapping.jsonable(row)}
    if entity == MOVEMENT:
        back = mapping.reversal(Record(source_key, raw, row))
        return Record(back.source_key, raw, {**back.row, "reason": "deleted in Tryton"})
    return Record(source_key, raw, vanishing[entity].withdrawn(row, moment))


def returned(entity: str, source_key: str, row: Row, moment: datetime) -> Record:
    """A record that is there again. A movement was taken back meanwhile: it happens once more, as an event of its own."""
    raw = {"returned_at": moment.isoformat(), "last_known": mapping.jsonable(row)}
    if entity == MOVEMENT:
        return Record(f"{source_key}{RESTORED}", raw, {**row, "reason": "there again in Tryton"})
    return Record(source_key, raw, row)


def may_vanish(entity: str, record: Record, now: datetime, site: TrytonSite) -> bool:
    """Whether a record may be deleted unseen: of movements, those that are done and recent.

    One that is cancelled has been taken back already, and an old one is in a period that is closed.
    """
    if entity != MOVEMENT:
        return True
    recent: bool = record.row["occurred_at"] >= now - timedelta(days=site.reconciled_days)
    return record.raw["state"] == "done" and recent

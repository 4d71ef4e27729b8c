"""A trace as a tree to read, in English or Chinese."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml
from rich.text import Text
from rich.tree import Tree

from lotwatch.ledger.trace.model import (
    Balance,
    Delivery,
    Exposure,
    Flagged,
    Flow,
    HeldBy,
    LotTrace,
    Part,
    Receipt,
    SetAside,
    Start,
    Stay,
    Stock,
    Trace,
    Transformation,
)

Lang = Literal["en", "zh"]

#: documents and serial numbers named on a line; the JSON has them all
_NAMED = 5
_CAME = ("received", "opening", "found", "transformed_in", "brought_back", "other_in")
_WENT = (
    "where_now",
    "used",
    "shipped",
    "returned_to_supplier",
    "scrapped",
    "lost",
    "transformed_out",
    "other_out",
    "already_counted",
)


def as_tree(trace: Trace, lang: Lang) -> Tree:
    """The trace, a branch for each lot or serial unit; what is only possible stands apart and last."""
    words = _Words(lang)
    tree = Tree(Text(_title(trace, words), style="bold"))
    if trace.start.without_lot:
        branch = tree.add(Text(words("section", "without_lot"), style="yellow"))
        for goods in trace.start.without_lot:
            item = f"{goods.item_code} {goods.item_name}"
            branch.add(Text(words("line", "unidentified", quantity=goods.quantity, item=item)))
    _add(tree, words("section", "stays"), (_stay(stay, words) for stay in trace.stays))
    followed = {lot.key for lot in trace.lots}
    for lot in trace.lots:
        _add_lot(tree, lot, lot.key in trace.asked, followed, words)
    return tree


class _Words:
    """The words of a language."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang

    def __call__(self, section: str, name: str, **values: object) -> str:
        text: str = _catalogue()[section][name][self.lang]
        return text.format(**values) if values else text

    def join(self, parts: Iterable[str | None]) -> str:
        """What is not None or empty, one after another."""
        return ("，" if self.lang == "zh" else ", ").join(part for part in parts if part)

    def some(self, names: Sequence[str]) -> str:
        """The first of them, and how many more there are."""
        more = [self("line", "more", count=len(names) - _NAMED)] if len(names) > _NAMED else []
        return " ".join([*names[:_NAMED], *more])


@cache
def _catalogue() -> dict[str, dict[str, dict[str, str]]]:
    text = files(__package__).joinpath("words.yaml").read_text(encoding="utf-8")
    words: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(text)
    return words


def _title(trace: Trace, words: _Words) -> str:
    moment = words("title", "past", moment=_at(trace.as_of)) if trace.as_of else words("title", "live")
    return f"{_started(trace.start, words)} ({moment})"


def _started(start: Start, words: _Words) -> str:
    matched = words.join(words("matched", name) for name in start.matched)
    return words("title", start.kind, reference=start.reference, matched=matched)


def _add_lot(tree: Tree, lot: LotTrace, asked: bool, followed: set[str], words: _Words) -> None:
    branch = tree.add(Text(_label(lot, asked, words), style="bold" if asked else ""))
    unit = lot.base_unit
    sections: list[tuple[str, Iterable[str]]] = [
        ("receipts", (_receipt(receipt, unit, words) for receipt in lot.receipts)),
        ("made_from", (_transformation(made, unit, followed, words) for made in lot.made_from)),
        ("flow", (_flow(flow, unit, words) for flow in lot.flow)),
        ("where_now", (_stock(stock, unit, words) for stock in lot.where_now)),
        ("used", (_use(flow, unit, words) for flow in lot.used)),
        ("shipped", (_flow(flow, unit, words) for flow in lot.shipped)),
        ("deliveries", (_delivery(delivery, unit, words) for delivery in lot.deliveries)),
        ("set_aside", (_set_aside(part, unit, words) for part in lot.set_aside)),
        ("made_into", (_transformation(made, unit, followed, words) for made in lot.made_into)),
        ("taken_back", (_flow(flow, unit, words) for flow in lot.taken_back)),
        ("holds", (_hold(hold, words) for hold in lot.holds)),
        ("flags", (_flagged(flagged, unit, words) for flagged in lot.flags)),
    ]
    for name, lines in sections:
        _add(branch, words("section", name), lines, style="red" if name == "holds" else "")
    branch.add(Text(_balance(lot.balance, words), style="" if lot.balance.closes else "yellow"))
    exposures = (_exposure(exposure, unit, words) for exposure in lot.possible_exposure)
    _add(branch, words("section", "possible_exposure"), exposures, style="yellow")


def _add(tree: Tree, title: str, lines: Iterable[str], style: str = "") -> None:
    """A branch of lines; none where there are no lines."""
    if found := list(lines):
        branch = tree.add(Text(title, style=style))
        for line in found:
            branch.add(Text(line))


def _label(lot: LotTrace, asked: bool, words: _Words) -> str:
    return words.join([
        f"{lot.item_code} {lot.item_name}",
        words("line", "lot", number=lot.lot_number) if lot.lot_number else None,
        words("line", "serial", number=lot.serial_number) if lot.serial_number else None,
        words("line", "usable_through", day=lot.usable_through) if lot.usable_through else None,
        words("line", "sterile_until", day=lot.sterile_until) if lot.sterile_until else None,
        None if asked else words("line", "linked"),
    ])


def _stay(stay: Stay, words: _Words) -> str:
    quantities = {name: getattr(stay, name) for name in ("arrived", "used", "moved_on", "there_now")}
    return words.join([words("line", "stay", key=stay.key, **quantities), _span(stay.first_at, stay.last_at, words)])


def _flow(flow: Flow, unit: str, words: _Words) -> str:
    return f"{flow.origin.code} → {flow.destination.code}: {words.join(_facts(flow, unit, words))}"


def _facts(flow: Flow, unit: str, words: _Words) -> list[str | None]:
    return [
        f"{flow.quantity} {unit}",
        words("line", "once") if flow.movements == 1 else words("line", "times", count=flow.movements),
        _span(flow.first_at, flow.last_at, words),
        words("line", "documents", documents=words.some(flow.documents)) if flow.documents else None,
        words("line", "serials", serials=words.some(flow.serial_numbers)) if flow.serial_numbers else None,
    ]


def _use(flow: Flow, unit: str, words: _Words) -> str:
    return words.join([
        f"{flow.origin.code} → {flow.destination.code}: {flow.quantity} {unit}",
        *_facts(flow, unit, words)[1:],
        _case(flow, words),
    ])


def _case(flow: Flow, words: _Words) -> str:
    if flow.with_case_reference:
        return words("line", "with_case", count=flow.with_case_reference)
    return words("line", "without_case")


def _receipt(receipt: Receipt, unit: str, words: _Words) -> str:
    supplier = " ".join(part for part in (receipt.supplier_code, receipt.supplier_name) if part)
    number = " ".join(part for part in (receipt.order_number, receipt.order_reference) if part)
    order = words("line", "order", number=number) if number else words("line", "order_unknown")
    return words.join([words("line", "supplier", supplier=supplier), order, _flow(receipt.flow, unit, words)])


def _transformation(made: Transformation, unit: str, followed: set[str], words: _Words) -> str:
    return words.join([
        words(
            "line",
            "transformation",
            quantity=f"{made.quantity} {unit}",
            key=made.transformation_key,
            moment=_span(made.first_at, made.last_at, words),
        ),
        words("line", "inputs", parts=_parts(made.inputs, followed, words)),
        words("line", "outputs", parts=_parts(made.outputs, followed, words)),
    ])


def _parts(parts: Iterable[Part], followed: set[str], words: _Words) -> str:
    return " + ".join(_part(part, followed, words) for part in parts) or "?"


def _part(part: Part, followed: set[str], words: _Words) -> str:
    if part.key is None:
        return f"{part.quantity} {words('line', 'part_unknown', item=part.item_code)}"
    known = "" if part.key in followed else f" ({words('line', 'not_followed')})"
    return f"{part.quantity} {part.key}{known}"


def _stock(stock: Stock, unit: str, words: _Words) -> str:
    place = f"{stock.place.code} {stock.place.name}"
    return words.join([
        f"{place}: {stock.quantity} {unit}",
        words("owner", stock.owner),
        words("status", stock.status),
        words("line", "serials", serials=words.some(stock.serial_numbers)) if stock.serial_numbers else None,
    ])


def _delivery(delivery: Delivery, unit: str, words: _Words) -> str:
    origin = words("line", "from", origin=delivery.origin.code) if delivery.origin else None
    return words.join([
        f"{delivery.number or '-'}: {delivery.quantity} {unit}",
        words("direction", delivery.direction),
        words("state", delivery.state),
        origin,
        words("line", "into", destination=f"{delivery.destination.code} {delivery.destination.name}"),
        _wanted(delivery, words),
        words("line", "received", quantity=delivery.received_quantity) if delivery.received_quantity else None,
        words("line", "shipped_at", moment=_at(delivery.shipped_at)) if delivery.shipped_at else None,
        words("line", "delivered_at", moment=_at(delivery.delivered_at)) if delivery.delivered_at else None,
        words("line", "tracking", number=delivery.tracking_number) if delivery.tracking_number else None,
        words("line", "package", sscc=delivery.sscc) if delivery.sscc else None,
    ])


def _set_aside(part: SetAside, unit: str, words: _Words) -> str:
    return words.join([
        f"{part.quantity} {unit}",
        words("line", "at", place=f"{part.place.code} {part.place.name}"),
        _wanted(part, words),
        words("line", "since", moment=_at(part.since)),
    ])


def _wanted(part: Delivery | SetAside, words: _Words) -> str | None:
    """For which order, and of whom."""
    if part.demand_order is None:
        return None
    place = f", {part.wanted_at.code} {part.wanted_at.name}" if part.wanted_at else ""
    return words("line", "wanted", order=f"{part.demand_order}{place}")


def _hold(hold: HeldBy, words: _Words) -> str:
    return words.join([
        words(
            "line",
            "hold",
            cause=words("cause", hold.cause),
            reference=hold.reference,
            authority=hold.authority,
            moment=_at(hold.placed_at),
            placed_by=hold.placed_by,
        ),
        words("line", "at", place=hold.place.code) if hold.place else None,
        words("line", "case", case=hold.case_reference) if hold.case_reference else None,
        words("line", "confirmed", moment=_at(hold.confirmed_at))
        if hold.confirmed_at
        else words("line", "unconfirmed"),
        hold.reason,
    ])


def _flagged(flagged: Flagged, unit: str, words: _Words) -> str:
    return words.join([words("flag", flagged.flag), _flow(flagged.flow, unit, words)])


def _exposure(exposure: Exposure, unit: str, words: _Words) -> str:
    near = None
    if exposure.place != exposure.flow.origin:
        near = words("line", "near", place=exposure.place.code)
    return words.join([_use(exposure.flow, unit, words), near])


def _balance(balance: Balance, words: _Words) -> str:
    came = " + ".join(_terms(balance, _CAME, words)) or "0"
    went = " + ".join(_terms(balance, _WENT, words)) or "0"
    verdict = [
        words("balance", "closes") if balance.closes else None,
        words("balance", "unknown_origin", quantity=balance.unknown_origin) if balance.unknown_origin else None,
        words("balance", "difference", quantity=balance.difference) if balance.difference else None,
    ]
    return f"{words('balance', 'title')}: {came} = {went} ({words.join(verdict)})"


def _terms(balance: Balance, names: Iterable[str], words: _Words) -> list[str]:
    return [f"{getattr(balance, name)} {words('balance', name)}" for name in names if getattr(balance, name)]


def _span(first_at: datetime | None, last_at: datetime | None, words: _Words) -> str:
    if first_at is None or last_at is None:
        return ""
    first, last = _at(first_at), _at(last_at)
    return first if first == last else f"{first} {words('line', 'by', moment=last)}"


def _at(moment: Any) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"

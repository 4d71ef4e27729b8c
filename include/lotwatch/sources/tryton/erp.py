"""Writes draft purchases into Tryton: each of our references once, however often it is asked for."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from lotwatch.config import Words
from lotwatch.errors import SourceError
from lotwatch.sources.jsonrpc import TrytonClient, UnclearAnswerError

PURCHASE_FIELDS = ("number", "state", "party.code", "warehouse.code", "currency.code", "lines")
LINE_FIELDS = ("product.code", "product.default_uom", "unit", "quantity", "unit_price", "delivery_date_store", "type")


class OrderLine(Protocol):
    """A line to order: quantity in base units, price of one of them."""

    @property
    def item_code(self) -> str: ...
    @property
    def quantity(self) -> int: ...
    @property
    def unit_price(self) -> Decimal: ...
    @property
    def requested_on(self) -> date: ...


class Order(Protocol):
    """An order to draft; `code` is our reference."""

    @property
    def code(self) -> str: ...
    @property
    def supplier_code(self) -> str: ...
    @property
    def site_code(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def lines(self) -> Sequence[OrderLine]: ...


class TrytonErp:
    """Draft purchases in Tryton, which gives a draft no number: it is quoted for one, and then made a draft again.

    Each of these steps is safe to repeat, so a draft that was left half-made is finished by asking for it again. One
    caller at a time may draft a reference: Tryton itself would take the same one twice.
    """

    def __init__(self, client: TrytonClient) -> None:
        self._client = client

    def find(self, reference: str) -> str | None:
        """The number of the purchase with our reference; None where there is none, or one without its number yet.

        Raises SourceError also when somebody cancelled it in Tryton.
        """
        purchase = self._look_up(reference)
        finished = purchase is not None and purchase["number"] and purchase["state"] != "quotation"
        return purchase["number"] if purchase and finished else None

    def draft(self, order: Order) -> str:
        """Tryton's number of the draft purchase of an order, made now or before.

        Raises SourceError: `retry` where asking again can help; not when Tryton holds something else under our
        reference than was asked for, or knows the supplier, site or an item not at all.
        """
        purchase = self._look_up(order.code)
        if purchase is None:
            purchase = self._create(order)
        self._compare(order, purchase)
        if not purchase["number"] and purchase["state"] == "draft":
            purchase = self._press("quote", purchase, order.code)
        if purchase["state"] == "quotation":
            purchase = self._press("draft", purchase, order.code)
        number: str | None = purchase["number"]
        if not number:
            raise self._wrong(order.code, f"it is {purchase['state']} and has no number")
        return number

    def differs(self, order: Order) -> Words | None:
        """How the purchase of an order is another than `order` says; None: it is not."""
        purchase = self._search(order.code)
        if purchase is None:
            return Words(en=f"Tryton has {order.code} no more.", zh=f"Tryton 中已没有 {order.code}。")
        number = purchase["number"] or order.code
        if purchase["state"] == "cancelled":
            return Words(en=f"Somebody cancelled {number} in Tryton.", zh=f"{number} 已在 Tryton 中被取消。")
        if different := self._different(order, self._lines(purchase)):
            return Words(
                en=f"Somebody changed {number} in Tryton: {different}.",
                zh=f"{number} 已在 Tryton 中被修改：{different}。",
            )
        return None

    def change(self, before: Order, after: Order) -> bool:
        """Make the purchase of an order what it is to be (without lines: cancelled); False where only people can, as it is placed.

        Doing it again changes nothing. Raises SourceError, also where the purchase is neither as before nor as after.
        """
        purchase = self._search(before.code)
        if purchase is None:
            raise self._wrong(before.code, "there is none")
        if purchase["state"] == "cancelled" and not after.lines:
            return True
        lines = self._lines(purchase)
        if after.lines and not self._different(after, lines):
            return True
        if purchase["state"] not in {"draft", "quotation"}:
            return False
        if different := self._different(before, lines):
            raise self._wrong(before.code, f"its lines differ from what was asked: {different}")
        if not after.lines:
            self._press("cancel", purchase, before.code)
            return True
        if purchase["state"] == "quotation":
            purchase = self._press("draft", purchase, before.code)
        steps = self._steps(lines, after)
        self._client.do("model.purchase.purchase.write", [purchase["id"]], {"lines": steps}, self._client.context())
        return True

    def _steps(self, lines: Sequence[Mapping[str, Any]], after: Order) -> list[tuple[Any, ...]]:
        """What of a purchase's lines is written, deleted and created; of an item, its first line becomes its first part."""
        left = list(lines)
        steps: list[tuple[Any, ...]] = []
        more: list[OrderLine] = []
        for wanted in after.lines:
            known = next((line for line in left if line["product."]["code"] == wanted.item_code), None)
            if known is None:
                more.append(wanted)
                continue
            left.remove(known)
            day = {"delivery_date_edit": True, "delivery_date_store": wanted.requested_on}
            steps.append(("write", [known["id"]], {"quantity": float(wanted.quantity)} | day))
        if left:
            steps.append(("delete", [line["id"] for line in left]))
        if more:
            steps.append(("create", self._line_values(more)))
        return steps

    def _look_up(self, reference: str) -> dict[str, Any] | None:
        purchase = self._search(reference)
        if purchase and purchase["state"] == "cancelled":
            raise self._wrong(reference, "somebody cancelled it")
        return purchase

    def _search(self, reference: str) -> dict[str, Any] | None:
        found = self._client.search_read("purchase.purchase", [["reference", "=", reference]], PURCHASE_FIELDS)
        if len(found) > 1:
            numbers = ", ".join(purchase["number"] or f"id {purchase['id']}" for purchase in found)
            raise self._wrong(reference, f"there are {len(found)} purchases with it ({numbers})")
        return found[0] if found else None

    def _create(self, order: Order) -> dict[str, Any]:
        """Create the purchase; after an unclear answer, see whether it is there."""
        values = self._values(order)
        try:
            self._client.do("model.purchase.purchase.create", [values], self._client.context())
        except UnclearAnswerError:
            made = self._look_up(order.code)
            if made is None:
                raise
            return made
        made = self._look_up(order.code)
        if made is None:
            raise self._wrong(order.code, "it was created and cannot be found")
        return made

    def _press(self, button: str, purchase: Mapping[str, Any], reference: str) -> dict[str, Any]:
        """Press a button of a purchase; the purchase afterwards."""
        try:
            self._client.do(f"model.purchase.purchase.{button}", [purchase["id"]], self._client.context())
        except UnclearAnswerError:
            after = self._search(reference)
            if after is None or after["state"] == purchase["state"]:
                raise
            return after
        after = self._search(reference)
        if after is None:
            raise self._wrong(reference, "it vanished while it was being made")
        return after

    def _values(self, order: Order) -> dict[str, Any]:
        """The purchase as Tryton takes it, in the items' base units."""
        party = self._known("party.party", {order.supplier_code}, "addresses", "the supplier")[order.supplier_code]
        warehouse = self._known("stock.location", {order.site_code}, "type", "the site")[order.site_code]
        currency = self._known("currency.currency", {order.currency}, "name", "the currency")[order.currency]
        return {
            "reference": order.code,
            "party": party["id"],
            "invoice_address": party["addresses"][0] if party["addresses"] else None,
            "warehouse": warehouse["id"],
            "currency": currency["id"],
            "lines": [("create", self._line_values(order.lines))],
        }

    def _line_values(self, lines: Sequence[OrderLine]) -> list[dict[str, Any]]:
        products = self._known("product.product", {line.item_code for line in lines}, "default_uom", "the item")
        return [
            {
                "type": "line",
                "product": products[line.item_code]["id"],
                "unit": products[line.item_code]["default_uom"],
                "quantity": float(line.quantity),
                "unit_price": line.unit_price,
                "delivery_date_edit": True,
                "delivery_date_store": line.requested_on,
            }
            for line in lines
        ]

    def _known(self, model: str, codes: set[str], field: str, what: str) -> dict[str, dict[str, Any]]:
        """Code -> active record. Raises SourceError for a code that none or several have."""
        where = [["code", "in", sorted(codes)], *([] if model == "currency.currency" else [["active", "=", True]])]
        records = self._client.search_read(model, where, ["code", field])
        by_code = {record["code"]: record for record in records}
        if len(by_code) < len(codes) or len(records) > len(codes):
            doubtful = sorted(codes - by_code.keys()) or sorted(record["code"] for record in records)
            raise SourceError(
                f"Tryton has not exactly one active record for {what}: {', '.join(doubtful)}.", where=model,
                do="correct it in Tryton, then try again",
            )  # fmt: skip
        return by_code

    def _compare(self, order: Order, purchase: Mapping[str, Any]) -> None:
        """Refuse a purchase under our reference that is not what was asked for."""
        head = tuple((purchase[f"{name}."] or {}).get("code") for name in ("party", "warehouse", "currency"))
        if head != (order.supplier_code, order.site_code, order.currency):
            raise self._wrong(order.code, f"it is for {head}, not for {order.supplier_code} and {order.site_code}")
        if different := self._different(order, self._lines(purchase)):
            raise self._wrong(order.code, f"its lines differ from what was asked: {different}")

    def _lines(self, purchase: Mapping[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._client.read("purchase.line", purchase["lines"], LINE_FIELDS)
        return found

    @staticmethod
    def _different(order: Order, lines: Sequence[Mapping[str, Any]]) -> str:
        """The items of which an order's lines and a purchase's differ; empty: none."""
        held = [
            (line["product."]["code"], line["quantity"], line["unit_price"], line["delivery_date_store"])
            if line["product."] and line["unit"] == line["product."]["default_uom"]
            else (f"line {line['id']}", line["quantity"], line["unit_price"], None)
            for line in lines
        ]
        asked = [(line.item_code, float(line.quantity), line.unit_price, line.requested_on) for line in order.lines]
        if sorted(held, key=str) == sorted(asked, key=str):
            return ""
        return ", ".join(sorted({str(line[0]) for line in set(held) ^ set(asked)})) or "its lines"

    def _wrong(self, reference: str, what: str) -> SourceError:
        return SourceError(
            f"Tryton's purchase with our reference {reference} cannot be used: {what}.",
            where=f"purchase.purchase of {self._client.database}, reference {reference}",
            do="a person must look at it in Tryton; it is not made a second time",
        )

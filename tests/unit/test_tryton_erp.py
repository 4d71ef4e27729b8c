"""A draft purchase is made once, whatever happens on the way."""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, cast

import pytest

from lotwatch.errors import SourceError
from lotwatch.sources.jsonrpc import TrytonClient, UnclearAnswerError
from lotwatch.sources.tryton import TrytonErp

WANTED_ON = date(2026, 7, 20)


@dataclass(frozen=True)
class Line:
    item_code: str
    quantity: int
    unit_price: Decimal
    requested_on: date = WANTED_ON


@dataclass(frozen=True)
class Order:
    code: str = "LW-000012"
    supplier_code: str = "SUP-01"
    site_code: str = "DC-N"
    currency: str = "EUR"
    lines: tuple[Line, ...] = (Line("MD-0001", 40, Decimal("1.25")), Line("MD-0002", 5, Decimal("9.10")))


@dataclass
class FakeTryton:
    """Tryton's purchases in memory. `silent` calls are carried out, or `lost`, without an answer."""

    purchases: list[dict[str, Any]] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    database: str = "tryton"

    def context(self) -> dict[str, Any]:
        return {}

    def do(self, method: str, argument: Any, *more: Any) -> None:
        name = method.rsplit(".", 1)[1]
        if name in self.lost:
            self.lost.discard(name)
            raise UnclearAnswerError("no answer", retry=True)
        if name == "create":
            self.create(argument[0])
        elif name == "write":
            self.write(argument[0], more[0]["lines"])
        else:
            (purchase,) = [purchase for purchase in self.purchases if purchase["id"] == argument[0]]
            purchase["state"] = {"quote": "quotation", "draft": "draft", "cancel": "cancelled"}[name]
            purchase["number"] = purchase["number"] or f"P{purchase['id']}"
        if name in self.silent:
            self.silent.discard(name)
            raise UnclearAnswerError("no answer", retry=True)

    def create(self, values: dict[str, Any]) -> None:
        code = {"party": "SUP-01", "warehouse": "DC-N", "currency": "EUR"}
        made = {
            "id": len(self.purchases) + 1, "reference": values["reference"], "state": "draft", "number": None,
            "lines": values["lines"][0][1], **{f"{name}.": {"code": value} for name, value in code.items()},
        }  # fmt: skip
        self.purchases.append(made)

    def write(self, number: int, steps: list[tuple[Any, ...]]) -> None:
        (purchase,) = [purchase for purchase in self.purchases if purchase["id"] == number]
        lines = dict(enumerate(purchase["lines"], start=1))
        for step, *said in steps:
            if step == "create":
                lines |= dict(enumerate(said[0], start=len(lines) + 1))
            for line in said[0] if step != "create" else ():
                lines = (
                    {key: value | (said[1] if key == line else {}) for key, value in lines.items()}
                    if step == "write"
                    else {key: value for key, value in lines.items() if key != line}
                )
        purchase["lines"] = list(lines.values())

    def read(self, _model: str, lines: list[dict[str, Any]], _fields: Any) -> list[dict[str, Any]]:
        return [
            {**line, "id": number, "product.": {"code": line["product"], "default_uom": line["unit"]}}
            for number, line in enumerate(lines, start=1)
        ]

    def search_read(self, model: str, where: list[Any], _fields: Any) -> list[dict[str, Any]]:
        wanted = where[0][2]
        if model == "purchase.purchase":
            return [dict(purchase) for purchase in self.purchases if purchase["reference"] == wanted]
        known = {"MD-0001", "MD-0002", "SUP-01", "DC-N", "EUR"}
        return [
            {"id": code, "code": code, "default_uom": 1, "addresses": [1], "type": "", "name": ""}
            for code in wanted
            if code in known
        ]


@pytest.fixture
def tryton() -> FakeTryton:
    return FakeTryton()


@pytest.fixture
def erp(tryton: FakeTryton) -> TrytonErp:
    return TrytonErp(cast("TrytonClient", tryton))


def test_asking_twice_makes_one_purchase(tryton: FakeTryton, erp: TrytonErp) -> None:
    assert erp.draft(Order()) == erp.draft(Order()) == "P1"
    assert [(purchase["state"], purchase["number"]) for purchase in tryton.purchases] == [("draft", "P1")]


@pytest.mark.parametrize("step", ["create", "quote", "draft"])
def test_a_step_done_without_an_answer_is_looked_up_and_not_repeated(
    tryton: FakeTryton, erp: TrytonErp, step: str
) -> None:
    tryton.silent.add(step)
    assert erp.draft(Order()) == "P1"
    assert len(tryton.purchases) == 1


@pytest.mark.parametrize("step", ["create", "quote", "draft"])
def test_a_step_that_was_lost_is_finished_by_the_next_call(tryton: FakeTryton, erp: TrytonErp, step: str) -> None:
    tryton.lost.add(step)
    with pytest.raises(SourceError) as caught:
        erp.draft(Order())
    assert caught.value.retry
    assert erp.find("LW-000012") is None
    assert erp.draft(Order()) == "P1"
    assert [purchase["state"] for purchase in tryton.purchases] == ["draft"]


def test_other_lines_under_our_reference_are_refused(tryton: FakeTryton, erp: TrytonErp) -> None:
    erp.draft(Order())
    with pytest.raises(SourceError, match="MD-0001") as caught:
        erp.draft(replace(Order(), lines=(Line("MD-0001", 41, Decimal("1.25")), Order().lines[1])))
    assert not caught.value.retry
    assert len(tryton.purchases) == 1


def test_two_purchases_under_our_reference_are_for_a_person(tryton: FakeTryton, erp: TrytonErp) -> None:
    erp.draft(Order())
    tryton.purchases.append(tryton.purchases[0] | {"id": 2, "number": "P2"})
    with pytest.raises(SourceError, match="P1, P2"):
        erp.find("LW-000012")


def test_a_purchase_somebody_cancelled_is_not_made_again(tryton: FakeTryton, erp: TrytonErp) -> None:
    erp.draft(Order())
    tryton.purchases[0]["state"] = "cancelled"
    with pytest.raises(SourceError, match="cancelled"):
        erp.draft(Order())
    assert len(tryton.purchases) == 1


def test_what_tryton_does_not_know_is_named(erp: TrytonErp) -> None:
    with pytest.raises(SourceError, match="MD-9999"):
        erp.draft(replace(Order(), lines=(Line("MD-9999", 1, Decimal(1)),)))
    with pytest.raises(SourceError, match="NOBODY"):
        erp.draft(replace(Order(), supplier_code="NOBODY"))


def test_a_purchase_somebody_confirmed_keeps_its_number(tryton: FakeTryton, erp: TrytonErp) -> None:
    erp.draft(Order())
    tryton.purchases[0]["state"] = "processing"
    assert erp.find("LW-000012") == erp.draft(Order()) == "P1"


LATER = replace(Order().lines[0], quantity=30, requested_on=date(2026, 9, 1))
#: a part sooner and the rest as it was, later and less of one and nothing of the other, and nothing at all
CHANGED = {
    "split": (replace(Order().lines[0], quantity=10, requested_on=date(2026, 7, 2)), LATER, Order().lines[1]),
    "less": (LATER,),
    "nothing": (),
}


@pytest.mark.parametrize("lost", ["", "write", "cancel"])
@pytest.mark.parametrize("kind", CHANGED)
def test_a_purchase_becomes_what_is_wanted_once(tryton: FakeTryton, erp: TrytonErp, kind: str, lost: str) -> None:
    erp.draft(Order())
    after = replace(Order(), lines=CHANGED[kind])
    assert erp.differs(Order()) is None
    if lost == ("cancel" if kind == "nothing" else "write"):
        tryton.lost.add(lost)
        with pytest.raises(SourceError, match="no answer"):
            erp.change(Order(), after)
        assert erp.differs(Order()) is None
    assert erp.change(Order(), after)
    assert erp.change(Order(), after)
    [purchase] = tryton.purchases
    held = [(line["product"], line["quantity"], line["delivery_date_store"]) for line in purchase["lines"]]
    if kind == "nothing":
        assert purchase["state"] == "cancelled"
    else:
        assert (sorted(held), purchase["state"], erp.differs(after)) == (
            sorted((line.item_code, line.quantity, line.requested_on) for line in after.lines),
            "draft",
            None,
        )


def test_what_was_changed_by_hand_or_is_placed_is_left_to_people(tryton: FakeTryton, erp: TrytonErp) -> None:
    after = replace(Order(), lines=CHANGED["less"])
    assert "no more" in getattr(erp.differs(Order()), "en", "")
    erp.draft(Order())
    tryton.purchases[0]["state"] = "processing"
    assert erp.change(Order(), after) is False
    tryton.purchases[0]["state"] = "draft"
    tryton.purchases[0]["lines"][0]["quantity"] = 7.0
    assert getattr(erp.differs(Order()), "en", "") == "Somebody changed P1 in Tryton: MD-0001."
    with pytest.raises(SourceError, match="MD-0001") as caught:
        erp.change(Order(), after)
    assert not caught.value.retry
    tryton.purchases[0]["state"] = "cancelled"
    assert getattr(erp.differs(Order()), "zh", "") == "P1 已在 Tryton 中被取消。"

"""What is to become of order lines that are not needed, or come at the wrong time."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from lotwatch.actions.order_changes.deciding import Candidate, OrderChangeSettings, decide

TODAY = date(2026, 6, 15)
SETTINGS = OrderChangeSettings()


def line(quantity: int = 120, days: int = 10, **more: Any) -> Candidate:
    """An order line that comes in so many days; 2 a day are used."""
    plain: dict[str, Any] = {
        "alert_id": 1, "item_id": 1, "item_code": "I1", "site_id": 1, "inventory_position": 500, "reorder_point": 40,
        "safety_stock": 20, "target_level": 100, "max_level": 150, "usage": 2.0, "days_to_stockout": None, "today": TODAY,
        "order_id": 1, "supplier_id": 1, "currency": "USD", "unit_price": Decimal(10), "quantity": quantity,
        "requested_on": TODAY + timedelta(days=days), "due_on": TODAY + timedelta(days=days), "least": 12, "multiple": 12,
        "of_lines": 1,
    }  # fmt: skip
    return Candidate(**plain | more)


def wanted(*lines: Candidate) -> list[tuple[str, int, list[tuple[int, int]], Decimal]]:
    return [
        (
            each.change,
            each.quantity,
            [(part.quantity, (part.requested_on - TODAY).days) for part in each.after],
            each.saves,
        )
        for each in decide(lines, SETTINGS)
    ]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, [("push_out", 120, [(120, 180)], Decimal("111.7808"))]),
        ({"inventory_position": 900}, [("cancel", 120, [], Decimal(1200))]),
        ({"usage": 0.0}, [("cancel", 120, [], Decimal(1200))]),
        ({"inventory_position": 160}, [("reduce", 60, [(60, 10)], Decimal(600))]),
        # 107 too much: of 120 one pack would be left, which the supplier delivers
        ({"inventory_position": 207}, [("reduce", 96, [(24, 10)], Decimal(960))]),
        # what would be left is less than the supplier delivers
        ({"inventory_position": 200, "least": 48}, [("reduce", 72, [(48, 10)], Decimal(720))]),
        ({"inventory_position": 150}, []),
        # it is needed just then
        ({"usage": 36.0, "inventory_position": 500}, []),
    ],
)
def test_what_is_too_much_goes_down_to_the_target(told: dict[str, Any], expected: list[Any]) -> None:
    assert wanted(line(**told)) == expected


def test_the_last_to_come_goes_first() -> None:
    first, last = (
        line(order_id=1, inventory_position=230, usage=0.0),
        line(24, 30, order_id=2, inventory_position=230, usage=0.0),
    )
    assert wanted(first, last) == [
        ("cancel", 24, [], Decimal(240)),
        ("reduce", 96, [(24, 10)], Decimal(960)),
    ]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        # empty on day 4, so by day 3: 7 days' usage and the safety stock, in packs
        ({}, [("bring_forward", 36, [(36, 3), (84, 10)], Decimal(0))]),
        ({"quantity": 24}, [("bring_forward", 24, [(24, 3)], Decimal(0))]),
        ({"days": 4}, []),
        # it was asked for sooner: it is late, and asking again changes nothing
        ({"requested_on": TODAY + timedelta(days=3)}, []),
        ({"due_on": TODAY - timedelta(days=1)}, []),
    ],
)
def test_what_runs_out_is_brought_forward(told: dict[str, Any], expected: list[Any]) -> None:
    assert wanted(line(**{"inventory_position": 130, "days_to_stockout": 4.0} | told)) == expected

"""An order keeps its exact money and names what cannot be ordered."""

import json
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from lotwatch.delivery.portals import Order
from lotwatch.delivery.portals.rest import RestPortal
from lotwatch.errors import LotwatchError


def payload(**line: Any) -> dict[str, Any]:
    first = {"item_code": "A", "quantity": 1, "unit_price": "1.00", "requested_on": "2026-03-01"} | line
    return {
        "reference": "PO-1",
        "buyer_reference": "LW-000001",
        "supplier_code": "S",
        "ship_to_site": "DC-1",
        "ordered_on": "2026-02-01",
        "currency": "CNY",
        "lines": [first],
    }


@pytest.mark.parametrize(
    ("price", "sent"),
    [
        ("0.10", "0.10"),
        ("99999999999999.9999", "99999999999999.9999"),
        (Decimal("1E+2"), "100"),
        (Decimal("0E-4"), "0.0000"),
        (3, "3"),
    ],
)
def test_a_price_is_sent_as_the_exact_decimal_it_is(price: object, sent: str) -> None:
    order = Order.model_validate(payload(unit_price=price))
    assert order.model_dump(mode="json")["lines"][0]["unit_price"] == sent


def test_an_order_read_back_from_the_outbox_is_the_same_order() -> None:
    order = Order.model_validate(payload())
    assert Order.model_validate(json.loads(json.dumps(order.model_dump(mode="json")))) == order


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"unit_price": 0.1}, "unit_price"),
        ({"unit_price": "NaN"}, "unit_price"),
        ({"unit_price": "-1"}, "unit_price"),
        ({"unit_price": "0.12345"}, "unit_price"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": 1.0}, "quantity"),
        ({"quantity": True}, "quantity"),
        ({"note": "please hurry"}, "note"),
    ],
)
def test_a_line_that_cannot_be_ordered_names_its_field(line: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as error:
        Order.model_validate(payload(**line))
    assert [each["loc"] for each in error.value.errors()] == [("lines", 0, field)]


@pytest.mark.parametrize(("url", "token"), [("portal.example", "t"), ("", "t"), ("https://portal.example", "")])
def test_a_connection_that_cannot_work_says_so_at_once(url: str, token: str) -> None:
    with pytest.raises(LotwatchError, match="connection of the supplier portal"):
        RestPortal(url, token)

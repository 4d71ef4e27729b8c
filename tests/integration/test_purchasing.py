"""How much is ordered: price breaks, freight and life against what it costs to hold stock."""

from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from lotwatch import actions
from lotwatch.actions.purchases.terms import Purchasing, load_purchasing
from lotwatch.errors import LotwatchError
from tests.integration.company import Company
from tests.integration.test_actions import propose, short

__all__ = ["short"]


def order(company: Company, **agreement: Any) -> tuple[actions.Proposal, actions.Line]:
    """What is proposed by this agreement for I1, and nothing else."""
    company.conn.execute("DELETE FROM lotwatch.proposal_line")
    company.conn.execute("DELETE FROM lotwatch.proposal")
    company.agreement("I1", **({"price_breaks": Jsonb([{"quantity": 1, "price": 10}])} | agreement))
    company.post()
    propose(company)
    row = company.conn.execute("SELECT max(proposal_id) FROM lotwatch.proposal").fetchone()
    proposal = actions.load_proposal(company.conn, row[0] if row else 0)
    return proposal, next(line for line in proposal.lines if line.item_code == "I1")


def test_a_price_break_is_taken_where_it_pays(short: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("lotwatch.actions.purchases.propose"), "load_purchasing", lambda: terms)
    terms = Purchasing()
    _, line = order(short)
    row = short.conn.execute("SELECT min(max_level) FROM lotwatch.policy").fetchone()
    base, more = line.quantity, (row[0] if row else 0) - 10
    assert more > base, "there is room below the maximum"
    breaks = Jsonb([{"quantity": 1, "price": 10}, {"quantity": more, "price": 9}, {"quantity": 6000, "price": 1}])
    broken, line = order(short, price_breaks=breaks)
    assert (line.quantity, line.unit_price, line.why["needed"]) == (more, Decimal(9), base)
    assert broken.saves is not None
    assert broken.saves > 0
    assert [other["kind"] for other in broken.alternatives] == ["purchase_order"]
    # where a price at the needed quantity is agreed, that one is paid
    _, line = order(short, price_breaks=Jsonb([{"quantity": 1, "price": 10}, {"quantity": base, "price": 8}]))
    assert (line.quantity, line.unit_price) == (base, Decimal(8))
    # a break that costs more to hold than it saves
    _, line = order(short, price_breaks=Jsonb([{"quantity": 1, "price": 10}, {"quantity": more, "price": 9.999}]))
    assert (line.quantity, line.unit_price) == (base, Decimal(10))
    # what is used in time is not enough for it
    _, line = order(short, price_breaks=breaks, minimum_remaining_life_days=int((more + 9) / 1.8) - 10)
    assert (line.quantity, line.unit_price) == (base, Decimal(10))
    # freight for what is small, none for what is large
    terms = Purchasing.model_validate({"freight": {"cost": {"USD": 30}, "free_above": {"USD": 1}}})
    free, _ = order(short)
    assert (free.cost, free.details["freight"]) == (free.total, 0)
    terms = Purchasing.model_validate({"freight": {"cost": {"USD": 30}, "of": {"S1": {"cost": {"USD": 45}}}}})
    dear, _ = order(short)
    assert (dear.cost, dear.details["freight"]) == (dear.total + 45, 45)
    assert dear.if_nobody_acts == {
        "en": "2 items stay below their reorder point; the first runs out in 5 days",
        "zh": "2 种物料持续低于再订货点；最早 5 天后用完",
    }


def test_what_would_expire_is_not_ordered_but_what_the_supplier_delivers_least_is_and_says_so(short: Company) -> None:
    _, line = order(short, minimum_remaining_life_days=10)
    assert (line.quantity, line.why.get("may_expire")) == (26, None), "1.8 a day for 20 days, less 10"
    _, line = order(short, minimum_remaining_life_days=10, minimum_order_quantity=48)
    assert (line.quantity, line.why["may_expire"]) == (48, 22)


def test_costs_that_cannot_be_are_named(tmp_path: Path) -> None:
    path = tmp_path / "purchasing.yaml"
    path.write_text("freight: {cost: {EUR: much}}")
    with pytest.raises(LotwatchError, match=r"freight\.cost\.EUR"):
        load_purchasing(path)

"""Orders that were changed after they were sent: what they are, and what a change makes of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import psycopg

from lotwatch.actions.proposals.proposal import Line, Proposal, load_proposal
from lotwatch.db.query import query


@dataclass(frozen=True, slots=True)
class Part:
    """So much of an item, by that day."""

    quantity: int
    requested_on: date

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Part":
        """A part as a line's `why` has it."""
        return cls(int(told["quantity"]), date.fromisoformat(told["requested_on"]))

    def as_told(self) -> dict[str, Any]:
        """As a line's `why` has it."""
        return {"quantity": self.quantity, "requested_on": self.requested_on.isoformat()}


def order_now(conn: psycopg.Connection, order: Proposal, before: int | None = None) -> Proposal:
    """An order of ours with the lines that it has by now, after the changes that its supplier has; `before` one of them."""
    parameters = {"proposal_id": order.proposal_id, "before": before}
    for (proposal_id,) in conn.execute(query(__package__, "changes_of"), parameters).fetchall():
        order = with_change(order, load_proposal(conn, proposal_id))
    return order


def with_change(order: Proposal, change: Proposal) -> Proposal:
    """An order as it is after a change of it; without lines where all of it is cancelled."""
    parts = {line.item_code: [Part.of(part) for part in line.why["after"]] for line in change.lines}
    return replace(order, lines=tuple(_lines(order.lines, parts)))


def less_by(before: Proposal, after: Proposal) -> dict[str, int]:
    """By item, how much less is ordered after a change than before; items of which it is not less are left out."""
    less = {code: quantity - quantities(after).get(code, 0) for code, quantity in quantities(before).items()}
    return {code: quantity for code, quantity in less.items() if quantity > 0}


def quantities(order: Proposal) -> dict[str, int]:
    """What is ordered of each item."""
    total: dict[str, int] = {}
    for line in order.lines:
        total[line.item_code] = total.get(line.item_code, 0) + line.quantity
    return total


def _lines(lines: Sequence[Line], parts: Mapping[str, Sequence[Part]]) -> Iterator[Line]:
    """An item keeps its place in the order."""
    done: set[str] = set()
    for line in lines:
        if line.item_code not in parts:
            yield line
        elif line.item_code not in done:
            done.add(line.item_code)
            for part in parts[line.item_code]:
                yield replace(line, quantity=part.quantity, requested_on=part.requested_on)

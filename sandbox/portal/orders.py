"""The orders the portal has received, what has become of them and what was answered, kept across restarts."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from sandbox.http import Journal
from sandbox.portal.cases import ReceivedCase
from sandbox.portal.models import (
    Answer,
    AnsweredLine,
    Confirmation,
    KeptAnswer,
    Order,
    OrderLine,
    Part,
    Policy,
    Protocol,
    ReceivedChange,
    ReceivedOrder,
    State,
)


class ConflictError(Exception):
    """What was sent contradicts what was received before; `field` is where."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class UnknownOrderError(Exception):
    """There is no such order to change."""


class OrderBook:
    """Orders in the order in which they came. Keys and references are each buyer's own, whatever they speak."""

    def __init__(self, path: Path) -> None:
        self._orders = Journal(path, ReceivedOrder)
        self._changes = Journal(path.with_name("changes.jsonl"), ReceivedChange)
        self._answers = Journal(path.with_name("answers.jsonl"), KeptAnswer)
        self.cases = Journal(path.with_name("cases.jsonl"), ReceivedCase)
        self.policy = Policy()
        self.replays = 0  # since the start: requests under a key that had come before

    @property
    def all(self) -> list[ReceivedOrder]:
        return self._orders.records

    @property
    def changes(self) -> list[ReceivedChange]:
        return self._changes.records

    def replayed(self, buyer: str, key: str, order: Order) -> ReceivedOrder | None:
        """What was received under this idempotency key, or None. Raises ConflictError where that was another order."""
        first = next((each for each in self.all if (each.buyer, each.idempotency_key) == (buyer, key)), None)
        if first is not None and first.order != order:
            raise ConflictError("this key was used for an order with another content", "Idempotency-Key")
        self.replays += first is not None
        return first

    def accept(
        self, buyer: str, key: str, order: Order, received_at: datetime, copies: int, protocol: Protocol = "rest"
    ) -> ReceivedOrder:
        """Keep a new order, `copies` times, and answer it. Raises ConflictError where its reference was received before."""
        if known := self.find(buyer, order.reference):
            raise ConflictError(f"received before, as {known[0].confirmation_number}, under another key", "reference")
        received = [
            ReceivedOrder(
                confirmation_number=f"PC-{len(self.all) + 1 + copy:06d}",
                buyer=buyer,
                idempotency_key=key,
                received_at=received_at,
                protocol=protocol,
                order=order,
            )
            for copy in range(copies)
        ]
        self._orders.append(*received)
        self.answer(received[0], self.policy, received_at)
        return received[0]

    def change(
        self, buyer: str, key: str, reference: str, order: Order | None, sequence: int, received_at: datetime,
        reason: str | None = None,
    ) -> ReceivedOrder:  # fmt: skip
        """Keep what an order is to be from now on (None: cancelled), once for its key, and answer it.

        Raises UnknownOrderError, or ConflictError where the order was cancelled.
        """
        found = self.find(buyer, reference)
        if not found:
            raise UnknownOrderError(f"no order of yours has the reference {reference}")
        if any((each.buyer, each.idempotency_key) == (buyer, key) for each in self.changes):
            self.replays += 1
            return found[0]
        if self._is_cancelled(found[0]):
            raise ConflictError("this order was cancelled", "reference")
        self._changes.append(
            ReceivedChange(
                buyer=buyer, idempotency_key=key, received_at=received_at, reference=reference,
                sequence=sequence if order else self._sequence(found[0]), order=order, reason=reason,
            )
        )  # fmt: skip
        if order is not None:
            self.answer(found[0], self.policy, received_at)
        return found[0]

    def answer(self, received: ReceivedOrder, policy: Policy, issued_at: datetime) -> None:
        """Have the supplier answer an order as it stands."""
        if policy.policy == "silent":
            return
        order = self.current(received)
        lines = [
            AnsweredLine(number=number, item_code=line.item_code, parts=[*_parts(number, line, policy)])
            for number, line in enumerate(order.lines, start=1)
        ]
        states: set[State] = {part.state for line in lines for part in line.parts}
        answer = Answer(
            number=f"OR-{len(self._answers.records) + 1:06d}",
            reference=order.reference,
            buyer_reference=order.buyer_reference,
            issued_at=issued_at,
            state=states.pop() if len(states) == 1 else "changed",
            lines=lines,
        )
        self._answers.append(
            KeptAnswer(
                buyer=received.buyer, protocol=received.protocol, confirmation_number=received.confirmation_number,
                answer=answer,
            )
        )  # fmt: skip

    def answers(self, buyer: str, protocol: Protocol) -> list[KeptAnswer]:
        """What was answered to a buyer's orders in one language, the first answer first."""
        return [each for each in self._answers.records if (each.buyer, each.protocol) == (buyer, protocol)]

    def current(self, received: ReceivedOrder) -> Order:
        """An order as it stands after its changes."""
        changes = [each.order for each in self._of(received) if each.order is not None]
        return changes[-1] if changes else received.order

    def confirmation(self, received: ReceivedOrder) -> Confirmation:
        """The portal's word on an order as it stands."""
        order = self.current(received)
        return Confirmation(
            confirmation_number=received.confirmation_number,
            reference=order.reference,
            buyer_reference=order.buyer_reference,
            received_at=received.received_at,
            currency=order.currency,
            total=format(order.total, "f"),
            sequence=self._sequence(received),
            cancelled=self._is_cancelled(received),
        )

    def find(self, buyer: str, reference: str) -> list[ReceivedOrder]:
        return [each for each in self.all if (each.buyer, each.order.reference) == (buyer, reference)]

    def get(self, buyer: str, confirmation_number: str) -> ReceivedOrder | None:
        wanted = (buyer, confirmation_number)
        return next((each for each in self.all if (each.buyer, each.confirmation_number) == wanted), None)

    def duplicates(self) -> int:
        """How many orders are there more than references."""
        return len(self.all) - len({(each.buyer, each.order.reference) for each in self.all})

    def clear(self) -> None:
        for journal in (self._orders, self._changes, self._answers, self.cases):
            journal.clear()
        self.policy, self.replays = Policy(), 0

    def _of(self, received: ReceivedOrder) -> list[ReceivedChange]:
        mine = (received.buyer, received.order.reference)
        return [each for each in self.changes if (each.buyer, each.reference) == mine]

    def _sequence(self, received: ReceivedOrder) -> int:
        return max((each.sequence for each in self._of(received)), default=0)

    def _is_cancelled(self, received: ReceivedOrder) -> bool:
        return any(each.order is None for each in self._of(received))


def _parts(number: int, line: OrderLine, policy: Policy) -> Iterator[Part]:
    kind = policy.policy
    if kind == "mixed":  # the same for the same line, whenever it is ordered
        kind = ("accept", "accept", "delay", "accept", "short", "accept", "split", "accept")[
            (number + sum(map(ord, line.item_code))) % 8
        ]
    later = line.requested_on + timedelta(days=policy.days)
    whole = line.quantity
    less = min(int(whole * policy.share), whole)
    price = policy.price
    match kind:
        case "delay":
            yield Part(state="changed", quantity=whole, promised_on=later, unit_price=price, reason="in production")
        case "short":
            if whole - less:
                yield Part(state="changed", quantity=whole - less, promised_on=line.requested_on, unit_price=price)
            if less:
                yield Part(state="rejected", quantity=less, reason="not enough in stock")
        case "split" if whole > 1:
            yield Part(state="changed", quantity=whole - whole // 2, promised_on=line.requested_on, unit_price=price)
            yield Part(state="changed", quantity=whole // 2, promised_on=later, unit_price=price)
        case "reject":
            yield Part(state="rejected", quantity=whole, reason="no longer made")
        case _:
            yield Part(state="accepted", quantity=whole, promised_on=line.requested_on, unit_price=price)

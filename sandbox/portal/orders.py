"""The orders the portal has received, kept across restarts."""

from datetime import datetime
from pathlib import Path

from sandbox.http import Journal
from sandbox.portal.models import Order, ReceivedOrder


class ConflictError(Exception):
    """The order contradicts one that was received before; `field` is where."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class OrderBook:
    """Orders in the order in which they came. Keys and references are each buyer's own."""

    def __init__(self, path: Path) -> None:
        self._journal = Journal(path, ReceivedOrder)
        self.replays = 0  # since the start: requests under a key that had come before

    @property
    def all(self) -> list[ReceivedOrder]:
        return self._journal.records

    def replayed(self, buyer: str, key: str, order: Order) -> ReceivedOrder | None:
        """What was received under this idempotency key, or None. Raises ConflictError where that was another order."""
        first = next((each for each in self.all if (each.buyer, each.idempotency_key) == (buyer, key)), None)
        if first is not None and first.order != order:
            raise ConflictError("this key was used for an order with another content", "Idempotency-Key")
        self.replays += first is not None
        return first

    def accept(self, buyer: str, key: str, order: Order, received_at: datetime, copies: int) -> ReceivedOrder:
        """Keep a new order, `copies` times. Raises ConflictError where its reference was received before."""
        if known := self.find(buyer, order.reference):
            raise ConflictError(f"received before, as {known[0].confirmation_number}, under another key", "reference")
        received = [
            ReceivedOrder(
                confirmation_number=f"PC-{len(self.all) + 1 + copy:06d}",
                buyer=buyer,
                idempotency_key=key,
                received_at=received_at,
                order=order,
            )
            for copy in range(copies)
        ]
        self._journal.append(*received)
        return received[0]

    def find(self, buyer: str, reference: str) -> list[ReceivedOrder]:
        return [each for each in self.all if (each.buyer, each.order.reference) == (buyer, reference)]

    def get(self, buyer: str, confirmation_number: str) -> ReceivedOrder | None:
        wanted = (buyer, confirmation_number)
        return next((each for each in self.all if (each.buyer, each.confirmation_number) == wanted), None)

    def duplicates(self) -> int:
        """How many orders are there more than references."""
        return len(self.all) - len({(each.buyer, each.order.reference) for each in self.all})

    def clear(self) -> None:
        self._journal.clear()
        self.replays = 0

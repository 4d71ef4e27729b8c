"""What was where at past moments."""

from lotwatch.ledger.past.quantity import quantity_at
from lotwatch.ledger.past.snapshots import take_snapshot

__all__ = ["quantity_at", "take_snapshot"]

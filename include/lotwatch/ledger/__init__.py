"""Movements, positions and what hangs on them: one true picture of every lot and serial."""

from lotwatch.ledger.post import clear_changes, post_events
from lotwatch.ledger.verify import Difference, verify

__all__ = ["Difference", "clear_changes", "post_events", "verify"]

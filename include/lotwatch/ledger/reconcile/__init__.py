"""Everything derived is compared with the movements, and derived anew."""

from lotwatch.ledger.reconcile.verify import Difference, lock_positions, rebuild, verify

__all__ = ["Difference", "lock_positions", "rebuild", "verify"]

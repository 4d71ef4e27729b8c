"""Cold chain: temperatures judged against what is allowed, and what was exposed held by cause."""

from lotwatch.ledger.cold_chain.tolerance import Tolerance, load_tolerance
from lotwatch.ledger.cold_chain.watch import Watched, watch_cold_chain

__all__ = ["Tolerance", "Watched", "load_tolerance", "watch_cold_chain"]

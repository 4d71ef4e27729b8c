"""Cold chain: temperatures judged against what is allowed, and what was exposed held by cause."""

from lotwatch.ledger.cold_chain.watch import Tolerance, Watched, watch_cold_chain

__all__ = ["Tolerance", "Watched", "watch_cold_chain"]

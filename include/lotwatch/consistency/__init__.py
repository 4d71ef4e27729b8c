"""Governance: what is said in one place and not in another, and which of ours a code that nobody knows may be."""

from lotwatch.consistency.catalogue import Check, choose, load_checks
from lotwatch.consistency.findings import (
    LONGEST_ACCEPTANCE,
    Finding,
    Standing,
    accept,
    list_findings,
    standings,
    take_untold,
)
from lotwatch.consistency.run import Outcome, run_checks

__all__ = [
    "LONGEST_ACCEPTANCE",
    "Check",
    "Finding",
    "Outcome",
    "Standing",
    "accept",
    "choose",
    "list_findings",
    "load_checks",
    "run_checks",
    "standings",
    "take_untold",
]

"""Good rows flow on, bad ones wait in quarantine with their reasons: judged by the suites, and by nothing else."""

from lotwatch.gate.gate import preview, run_gate
from lotwatch.gate.kept import Refereed, judged_sources, referee
from lotwatch.gate.quarantine import quarantine_unmapped, refused, replay, restage_references, waits_for_references
from lotwatch.gate.report import (
    NO_THRESHOLDS,
    BatchOutcome,
    EntityOutcome,
    Example,
    GateReport,
    RuleOutcome,
    Threshold,
)

__all__ = [
    "NO_THRESHOLDS",
    "BatchOutcome",
    "EntityOutcome",
    "Example",
    "GateReport",
    "Refereed",
    "RuleOutcome",
    "Threshold",
    "judged_sources",
    "preview",
    "quarantine_unmapped",
    "referee",
    "refused",
    "replay",
    "restage_references",
    "run_gate",
    "waits_for_references",
]

"""Good rows flow on, bad ones wait in quarantine with their reasons: judged by the suites, and by nothing else."""

from lotwatch.gate.gate import judge_now, preview, run_gate, wait_for_turn
from lotwatch.gate.kept import Refereed, judged_sources, referee
from lotwatch.gate.quarantine import (
    KeptRow,
    OpenRow,
    Selection,
    discard,
    kept_rows,
    matching,
    open_rows,
    quarantine_unmapped,
    refused,
    replay,
    restage_references,
    waits_for_references,
)
from lotwatch.gate.report import (
    NO_THRESHOLDS,
    BatchOutcome,
    EntityOutcome,
    Example,
    GateReport,
    RuleOutcome,
    Threshold,
)
from lotwatch.gate.results import BrokenRule, Untold, Waiting, broken_rules, docs_pages, take_untold, waiting
from lotwatch.gate.stopped import Batch, discard_batch, judge_again, list_batches

__all__ = [
    "NO_THRESHOLDS",
    "Batch",
    "BatchOutcome",
    "BrokenRule",
    "EntityOutcome",
    "Example",
    "GateReport",
    "KeptRow",
    "OpenRow",
    "Refereed",
    "RuleOutcome",
    "Selection",
    "Threshold",
    "Untold",
    "Waiting",
    "broken_rules",
    "discard",
    "discard_batch",
    "docs_pages",
    "judge_again",
    "judge_now",
    "judged_sources",
    "kept_rows",
    "list_batches",
    "matching",
    "open_rows",
    "preview",
    "quarantine_unmapped",
    "referee",
    "refused",
    "replay",
    "restage_references",
    "run_gate",
    "take_untold",
    "wait_for_turn",
    "waiting",
    "waits_for_references",
]

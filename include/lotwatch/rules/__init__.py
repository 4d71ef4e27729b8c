"""What is wrong: decision tables the ops team edits, compiled to SQL, and the alerts they raise."""

from lotwatch.rules.alerts import Alert, take_untold
from lotwatch.rules.cleared import take_cleared
from lotwatch.rules.evaluate import (
    Evaluation,
    Outcome,
    evaluate_backfilled,
    evaluate_changed,
    evaluate_live,
    is_sweep_due,
)
from lotwatch.rules.tables import Rule, load_rules, titles

__all__ = [
    "Alert",
    "Evaluation",
    "Outcome",
    "Rule",
    "evaluate_backfilled",
    "evaluate_changed",
    "evaluate_live",
    "is_sweep_due",
    "load_rules",
    "take_cleared",
    "take_untold",
    "titles",
]

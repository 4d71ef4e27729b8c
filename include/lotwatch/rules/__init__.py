"""What is wrong: decision tables the ops team edits, compiled to SQL, and the alerts they raise."""

from lotwatch.rules.alerts import Alert, take_untold
from lotwatch.rules.evaluate import Evaluation, evaluate_backfilled, evaluate_live
from lotwatch.rules.tables import Rule, load_rules, titles
from lotwatch.rules.versions import activate, active_rules, baselined, end_baseline, submit

__all__ = [
    "Alert",
    "Evaluation",
    "Rule",
    "activate",
    "active_rules",
    "baselined",
    "end_baseline",
    "evaluate_backfilled",
    "evaluate_live",
    "load_rules",
    "submit",
    "take_untold",
    "titles",
]

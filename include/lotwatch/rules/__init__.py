"""What is wrong: decision tables the ops team edits, compiled to SQL, and the alerts they raise."""

from lotwatch.rules.alerts import (
    DONE,
    LONGEST_SNOOZE,
    MOST_AT_ONCE,
    POSSIBLE,
    Action,
    Alert,
    Outcome,
    Refusal,
    act,
    feedback,
    list_alerts,
    one_alert,
    take_due_escalations,
    take_untold,
    wake_due,
)
from lotwatch.rules.evaluate import Evaluation, evaluate_backfilled, evaluate_live
from lotwatch.rules.tables import Rule, load_rules, titles

__all__ = [
    "DONE",
    "LONGEST_SNOOZE",
    "MOST_AT_ONCE",
    "POSSIBLE",
    "Action",
    "Alert",
    "Evaluation",
    "Outcome",
    "Refusal",
    "Rule",
    "act",
    "evaluate_backfilled",
    "evaluate_live",
    "feedback",
    "list_alerts",
    "load_rules",
    "one_alert",
    "take_due_escalations",
    "take_untold",
    "titles",
    "wake_due",
]

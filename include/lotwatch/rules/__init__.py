"""What is wrong: decision tables the ops team edits, compiled to SQL, and the alerts they raise."""

from lotwatch.rules.alerts import (
    DONE,
    LONGEST_SNOOZE,
    MOST_AT_ONCE,
    POSSIBLE,
    Action,
    Alert,
    Done,
    Refusal,
    act,
    feedback,
    list_alerts,
    one_alert,
    take_due_escalations,
    take_untold,
    wake_due,
)
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
from lotwatch.rules.versions import activate, active_rules, baselined, end_baseline, retire_expired, submit

__all__ = [
    "DONE",
    "LONGEST_SNOOZE",
    "MOST_AT_ONCE",
    "POSSIBLE",
    "Action",
    "Alert",
    "Done",
    "Evaluation",
    "Outcome",
    "Refusal",
    "Rule",
    "act",
    "activate",
    "active_rules",
    "baselined",
    "end_baseline",
    "evaluate_backfilled",
    "evaluate_changed",
    "evaluate_live",
    "feedback",
    "is_sweep_due",
    "list_alerts",
    "load_rules",
    "one_alert",
    "retire_expired",
    "submit",
    "take_cleared",
    "take_due_escalations",
    "take_untold",
    "titles",
    "wake_due",
]

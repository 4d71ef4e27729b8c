"""The life of a case: opened by a notice or a decision, its verdicts, its holds, and what people say of them."""

from lotwatch.recall.cases.bell import CHANNEL, is_unread, wake
from lotwatch.recall.cases.listing import list_cases, list_verdicts, named
from lotwatch.recall.cases.opening import LOTWATCH, Opened, hold_arrivals, open_cases, to_respond
from lotwatch.recall.cases.reviewing import answer, open_by_quality, say

__all__ = [
    "CHANNEL",
    "LOTWATCH",
    "Opened",
    "answer",
    "hold_arrivals",
    "is_unread",
    "list_cases",
    "list_verdicts",
    "named",
    "open_by_quality",
    "open_cases",
    "say",
    "to_respond",
    "wake",
]

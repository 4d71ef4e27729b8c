"""Who must say yes, who did, and what they changed first."""

from lotwatch.actions.approvals.deciding import (
    NOT_ASKED,
    Answer,
    Asked,
    Decision,
    NotTheirs,
    Question,
    TooLate,
    ask,
    ask_again,
    case_of,
    decide,
    deputies_due,
    may_answer,
    note_late,
    use_link,
)
from lotwatch.actions.approvals.links import Invitation, Links, with_addresses
from lotwatch.actions.approvals.policies import (
    Case,
    Policies,
    Policy,
    Step,
    active_policies,
    load_policies,
    policies_as_content,
)
from lotwatch.actions.approvals.revise import CHANGEABLE, line_key, revise
from lotwatch.actions.approvals.wording import Asking, in_words

__all__ = [
    "CHANGEABLE",
    "NOT_ASKED",
    "Answer",
    "Asked",
    "Asking",
    "Case",
    "Decision",
    "Invitation",
    "Links",
    "NotTheirs",
    "Policies",
    "Policy",
    "Question",
    "Step",
    "TooLate",
    "active_policies",
    "ask",
    "ask_again",
    "case_of",
    "decide",
    "deputies_due",
    "in_words",
    "line_key",
    "load_policies",
    "may_answer",
    "note_late",
    "policies_as_content",
    "revise",
    "use_link",
    "with_addresses",
]

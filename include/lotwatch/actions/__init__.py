"""What should be done: proposals, their guards, and who said yes."""

from lotwatch.actions.approvals import (
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
from lotwatch.actions.budgets import active_budgets, apply_budgets, as_content, load_budgets
from lotwatch.actions.guards import Refusal, guard
from lotwatch.actions.links import Invitation, Links, with_addresses
from lotwatch.actions.placed import ItemNames, approved_on, decline, item_names, order_in_erp
from lotwatch.actions.policies import Policies, Policy, Step, load_policies
from lotwatch.actions.progress import confirmed, drafted, failed, is_approved, take_untold
from lotwatch.actions.proposals import Line, Proposal, load_proposal
from lotwatch.actions.purchases import ProposeSettings, propose
from lotwatch.actions.revise import CHANGEABLE, line_key, revise
from lotwatch.actions.stops import Scope, Stop, resume, sending, stop, stops_in_force
from lotwatch.actions.wording import Asking, in_words

__all__ = [
    "CHANGEABLE",
    "NOT_ASKED",
    "Answer",
    "Asked",
    "Asking",
    "Decision",
    "Invitation",
    "ItemNames",
    "Line",
    "Links",
    "NotTheirs",
    "Policies",
    "Policy",
    "Proposal",
    "ProposeSettings",
    "Question",
    "Refusal",
    "Scope",
    "Step",
    "Stop",
    "TooLate",
    "active_budgets",
    "apply_budgets",
    "approved_on",
    "as_content",
    "ask",
    "ask_again",
    "case_of",
    "confirmed",
    "decide",
    "decline",
    "deputies_due",
    "drafted",
    "failed",
    "guard",
    "in_words",
    "is_approved",
    "item_names",
    "line_key",
    "load_budgets",
    "load_policies",
    "load_proposal",
    "may_answer",
    "note_late",
    "order_in_erp",
    "propose",
    "resume",
    "revise",
    "sending",
    "stop",
    "stops_in_force",
    "take_untold",
    "use_link",
    "with_addresses",
]

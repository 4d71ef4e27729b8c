"""What should be done: proposals, their guards, and who said yes."""

from lotwatch.actions.approvals import (
    Answer,
    Asked,
    Decision,
    NotTheirs,
    Question,
    ask,
    ask_again,
    case_of,
    decide,
)
from lotwatch.actions.budgets import active_budgets, apply_budgets, as_content, load_budgets
from lotwatch.actions.guards import Refusal, guard
from lotwatch.actions.placed import ItemNames, approved_on, decline, item_names, order_in_erp
from lotwatch.actions.policies import Policies, Policy, Step, load_policies
from lotwatch.actions.progress import confirmed, drafted, failed, is_approved, take_untold
from lotwatch.actions.proposals import Line, Proposal, load_proposal
from lotwatch.actions.purchases import ProposeSettings, propose
from lotwatch.actions.wording import Asking, in_words

__all__ = [
    "Answer",
    "Asked",
    "Asking",
    "Decision",
    "ItemNames",
    "Line",
    "NotTheirs",
    "Policies",
    "Policy",
    "Proposal",
    "ProposeSettings",
    "Question",
    "Refusal",
    "Step",
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
    "drafted",
    "failed",
    "guard",
    "in_words",
    "is_approved",
    "item_names",
    "load_budgets",
    "load_policies",
    "load_proposal",
    "order_in_erp",
    "propose",
    "take_untold",
]

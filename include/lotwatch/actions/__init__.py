"""What should be done: proposals, their guards, and who said yes."""

from lotwatch.actions.approvals import Answer, Asked, Decision, Question, ask, decide, question
from lotwatch.actions.budgets import active_budgets, apply_budgets, as_content, load_budgets
from lotwatch.actions.guards import Refusal, guard
from lotwatch.actions.placed import ItemNames, approved_on, decline, item_names, order_in_erp
from lotwatch.actions.progress import confirmed, drafted, failed, is_approved, take_untold
from lotwatch.actions.proposals import Order, ProposeSettings, load_order, propose

__all__ = [
    "Answer",
    "Asked",
    "Decision",
    "ItemNames",
    "Order",
    "ProposeSettings",
    "Question",
    "Refusal",
    "active_budgets",
    "apply_budgets",
    "approved_on",
    "as_content",
    "ask",
    "confirmed",
    "decide",
    "decline",
    "drafted",
    "failed",
    "guard",
    "is_approved",
    "item_names",
    "load_budgets",
    "load_order",
    "order_in_erp",
    "propose",
    "question",
    "take_untold",
]

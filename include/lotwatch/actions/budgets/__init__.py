"""What may be spent, by cost centre and period."""

from lotwatch.actions.budgets.budget import (
    Budget,
    Use,
    active_budgets,
    apply_budgets,
    as_content,
    budget_use,
    load_budgets,
)

__all__ = ["Budget", "Use", "active_budgets", "apply_budgets", "as_content", "budget_use", "load_budgets"]

"""What may be spent, by cost centre and period."""

from lotwatch.actions.budgets.budget import Budget, active_budgets, apply_budgets, as_content, load_budgets

__all__ = ["Budget", "active_budgets", "apply_budgets", "as_content", "load_budgets"]

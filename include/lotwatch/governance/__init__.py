"""What is in force of rules, budgets and approval policies: submitted by one person, activated by another."""

from lotwatch.governance.changes import (
    Change,
    Kind,
    activate,
    active,
    change,
    changes,
    differences,
    reject,
    release,
    submit,
)  # fmt: skip

__all__ = ["Change", "Kind", "activate", "active", "change", "changes", "differences", "reject", "release", "submit"]

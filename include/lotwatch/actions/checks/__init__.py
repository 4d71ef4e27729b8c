"""Checks and work orders: what somebody must look at, count or relabel because of an alert, by a checklist."""

from lotwatch.actions.checks.carry import open_check
from lotwatch.actions.checks.checklists import Checklist, load_checklists
from lotwatch.actions.checks.propose import propose_checks

__all__ = ["Checklist", "load_checklists", "open_check", "propose_checks"]

"""What must be done where: every affected unit located, tasks for each place, what people found, who has answered."""

from lotwatch.recall.tasks.finds import HANDLING, Finding, acknowledge, find, finish, reopen
from lotwatch.recall.tasks.locate import Located, locate
from lotwatch.recall.tasks.make import KINDS, check_effectiveness, make_tasks
from lotwatch.recall.tasks.responses import Due, acknowledge_party, know_parties, take_due
from lotwatch.recall.tasks.used import open_case_reference

__all__ = [
    "HANDLING",
    "KINDS",
    "Due",
    "Finding",
    "Located",
    "acknowledge",
    "acknowledge_party",
    "check_effectiveness",
    "find",
    "finish",
    "know_parties",
    "locate",
    "make_tasks",
    "open_case_reference",
    "reopen",
    "take_due",
]
